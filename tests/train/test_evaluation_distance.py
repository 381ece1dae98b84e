"""Fréchet and kernel distances against closed forms, other implementations and their own promises."""

import json

import numpy as np
import pytest
from scipy import linalg

from train.evaluation import distance, distribution_scores
from train.evaluation.distance import (
    frechet,
    frechet_infinity,
    frechet_interval,
    frechet_of_moments,
    within_span,
)
from train.evaluation.distribution_scores import FeatureTable, floor
from train.evaluation.kernel_distance import kid, kid_interval


def frames(rng, count, crops=5, dimensions=4, shift=0.0, between=0.0):
    """Frames of crops: independent normal crops around a mean of the frame, which spreads by `between`."""
    means = rng.normal(shift, between, (count, 1, dimensions)) if between else np.full((count, 1, 1), shift)
    return list(means + rng.normal(size=(count, crops, dimensions)))


def covariance(rng, dimensions):
    factor = rng.normal(size=(dimensions, dimensions))
    return factor @ factor.T


def test_diagonal_gaussians_have_a_closed_form():
    first, second = np.array([1.0, 4.0, 0.25]), np.array([4.0, 4.0, 0.0])
    shift = np.array([1.0, -2.0, 0.5])
    expected = shift @ shift + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    found = frechet_of_moments(shift, np.diag(first), np.zeros(3), np.diag(second))
    assert found == pytest.approx(expected)
    assert frechet_of_moments(np.zeros(3), np.diag(second), shift, np.diag(first)) == pytest.approx(expected)


def test_general_covariances_agree_with_the_matrix_square_root():
    rng = np.random.default_rng(0)
    first, second, shift = covariance(rng, 6), covariance(rng, 6), rng.normal(size=6)
    root = linalg.sqrtm(first @ second).real
    expected = shift @ shift + np.trace(first + second - 2 * root)
    assert frechet_of_moments(shift, first, np.zeros(6), second) == pytest.approx(expected)


def test_samples_approach_the_closed_form():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, (20000, 3)), rng.normal(1, 2, (20000, 3))
    assert frechet(first, second) == pytest.approx(3 * 1 + 3 * 1, rel=0.03)
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)


def test_singular_sets_are_measured():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(3, 9)), np.zeros((3, 9))
    expected = (first.mean(0) ** 2).sum() + first.var(0, ddof=1).sum()
    assert frechet(first, second) == pytest.approx(expected)
    assert frechet(second, first) == pytest.approx(expected)


def test_the_span_keeps_distances():
    rng = np.random.default_rng(3)
    first, second = frames(rng, 4, dimensions=200), frames(rng, 4, dimensions=200, shift=0.3)
    small = within_span(first, second)
    assert small[0][0].shape == (5, 40)
    stacked = [frechet(*(np.concatenate(groups) for groups in pair)) for pair in ((first, second), small)]
    assert stacked[0] == pytest.approx(stacked[1])


def test_infinity_takes_the_bias_of_few_samples_away():
    """Equal distributions: the plain distance is well above 0, the intercept is 0 on average."""
    rng = np.random.default_rng(4)
    pairs = [(frames(rng, 24), frames(rng, 24)) for _ in range(40)]
    plain = [frechet(*(np.concatenate(groups) for groups in pair)) for pair in pairs]
    infinite = [frechet_infinity(*pair, rng, draws=2) for pair in pairs]
    error = np.std(infinite) / np.sqrt(len(infinite))
    assert np.mean(plain) > 0.05
    assert abs(np.mean(infinite)) < max(0.2 * np.mean(plain), 3 * error)


def test_infinity_fits_a_line_against_the_inverse_of_the_frames(monkeypatch):
    monkeypatch.setattr(distance, "frechet", lambda first, second: 3.0 + 7.0 / len(first))
    groups = [np.zeros((1, 2))] * 30
    assert frechet_infinity(groups, groups, np.random.default_rng(0)) == pytest.approx(3)


def test_interval_draws_frames_and_repeats():
    rng = np.random.default_rng(5)
    first, second = frames(rng, 30, between=1.0), frames(rng, 30, between=1.0, shift=2.0)
    interval = frechet_interval(first, second)
    assert interval == frechet_interval(first, second)
    assert interval.low < interval.value < interval.high
    assert interval.count == 30
    # The same rows as single frames are taken for independent, and the interval shrinks.
    rows = [np.concatenate(groups)[:, None] for groups in (first, second)]
    single = frechet_interval(*(list(groups) for groups in rows))
    assert interval.high - interval.low > 1.5 * (single.high - single.low)


def test_many_dimensions_have_no_interval(monkeypatch):
    monkeypatch.setattr(distance, "QUICK_DIMENSIONS", 3)
    rng = np.random.default_rng(6)
    interval = frechet_interval(frames(rng, 10), frames(rng, 10, shift=1.0))
    assert (interval.low, interval.high) == (None, None)
    assert interval.value > 1


def kid_by_loops(first, second):
    """Mean over ordered pairs of crops whose frames differ, one pair at a time."""

    def mean(one, other):
        values = [
            (x @ y / len(x) + 1) ** 3
            for i, a in enumerate(one)
            for j, b in enumerate(other)
            if i != j
            for x in a
            for y in b
        ]
        return np.mean(values)

    return mean(first, first) + mean(second, second) - 2 * mean(first, second)


def test_kid_against_loops():
    rng = np.random.default_rng(7)
    first = [rng.normal(size=(crops, 4)) for crops in (2, 5, 1, 3)]
    second = [rng.normal(0.5, size=(crops, 4)) for crops in (4, 1, 2, 3)]
    assert kid(first, second) == pytest.approx(kid_by_loops(first, second))


@pytest.mark.parametrize("between", [0.0, 2.0])
def test_kid_is_unbiased_even_where_crops_of_a_frame_agree(between):
    rng = np.random.default_rng(8)
    found = [kid(frames(rng, 8, 3, between=between), frames(rng, 8, 3, between=between)) for _ in range(400)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 20
    shifted = [kid(frames(rng, 8, 3), frames(rng, 8, 3, shift=0.7)) for _ in range(50)]
    assert np.mean(shifted) > 0.3


def test_kid_interval_holds_the_value_and_repeats():
    rng = np.random.default_rng(9)
    first, second = frames(rng, 30), frames(rng, 30, shift=0.5)
    interval = kid_interval(first, second)
    assert interval.value == pytest.approx(kid(first, second))
    assert 0 < interval.low < interval.value < interval.high
    assert interval == kid_interval(first, second)


def test_floor_is_what_real_halves_are_apart():
    rng = np.random.default_rng(10)
    found = floor(frames(rng, 21, crops=20))
    assert (found["frames"], found["splits"]) == (10, distribution_scores.SPLITS)
    for name in ("fd_infinity", "kid"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
        assert abs(found[name]["value"]) < 0.3


class Moments:
    """Two features of a crop, with no network."""

    name = "moments"
    dimensions = 2

    def __call__(self, crops):
        return crops.flatten(1).mean(1, keepdim=True).repeat(1, 2) * crops.new_tensor([1.0, 2.0])


def test_rows_are_scored_against_the_real_one():
    rng = np.random.default_rng(11)
    table = FeatureTable([Moments()])
    for frame in range(8):
        picture = rng.uniform(size=(140, 200)).astype(np.float32)
        for row, values in (("real", picture), ("model", picture), ("dark", picture / 2)):
            table.add(row, str(frame), values)
    found = table.scores()["moments"]
    assert (found["dimensions"], found["crops"]) == (2, 8 * 3 * 5)
    assert found["model"]["fd"] == pytest.approx(0, abs=1e-9)
    assert found["model"]["fd_infinity"]["value"] == pytest.approx(0, abs=1e-9)
    assert found["baselines"]["dark"]["fd"] == pytest.approx(0.25**2 * 5, rel=0.01)
    assert found["baselines"]["dark"]["kid"]["low"] > 0
    json.dumps(found, allow_nan=False)


def test_few_frames_have_no_distances():
    table = FeatureTable([Moments()])
    for row in ("real", "model"):
        table.add(row, "frame", np.zeros((64, 64), np.float32))
    assert table.scores() == {"moments": None}


def test_frames_of_one_clip_are_one_group():
    table = FeatureTable([Moments()])
    for frame in range(12):
        for row in ("real", "model"):
            table.add(row, str(frame // 4), np.full((64, 64), frame / 12, np.float32))
    assert table.scores() == {"moments": None}  # three clips are too few, whatever they hold
