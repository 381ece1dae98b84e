"""Metrics against other implementations, and their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from train.evaluation import metrics
from train.evaluation.frame_scores import correlation_within

PICTURES = hnp.arrays(np.float64, (9, 11), elements=st.integers(0, 255).map(float))


@settings(deadline=None, max_examples=50)
@given(PICTURES, PICTURES)
def test_psnr_and_ssim_are_those_of_scikit_image(a, b):
    if (a != b).any():
        assert metrics.psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255))
    assert metrics.ssim(a, b) == pytest.approx(structural_similarity(a, b, data_range=255))


def test_psnr_of_equal_pictures_is_finite():
    picture = np.zeros((4, 4))
    assert metrics.psnr(picture, picture) == metrics.MAX_PSNR


@settings(deadline=None, max_examples=100)
@given(hnp.arrays(np.float64, (2, 20), elements=st.integers(-50, 50).map(float)))
def test_correlations_are_those_of_scipy(pair):
    a, b = pair
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert metrics.pearson(a, b) == metrics.spearman(a, b) == 0
    else:
        assert metrics.pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-9)
        assert metrics.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_correlation_within_objects_is_blind_to_their_means(seed, objects):
    rng = np.random.default_rng(seed)
    regions = rng.integers(0, objects, (9, 11))
    truth, estimate = rng.normal(size=(2, 9, 11))
    left = [
        v - np.array([v[regions == k].mean() for k in regions.flat]).reshape(9, 11) for v in (truth, estimate)
    ]
    found = correlation_within(regions, truth, estimate)
    assert found == pytest.approx(stats.pearsonr(left[0].ravel(), left[1].ravel()).statistic, abs=1e-9)
    levels = rng.uniform(-200, 200, (2, objects))[:, regions]
    assert correlation_within(regions, truth + levels[0], estimate + levels[1]) == pytest.approx(
        found, abs=1e-9
    )
    assert correlation_within(regions, truth, levels[0]) == 0


@given(PICTURES, st.floats(-3, 3), st.floats(-9, 9))
def test_affine_fit_undoes_slope_and_offset(truth, slope, offset):
    if abs(slope) > 1e-3 and np.ptp(truth) > 0:
        np.testing.assert_allclose(metrics.affine_fit(truth, slope * truth + offset), truth, atol=1e-6)


def test_affine_fit_of_a_constant_is_the_mean():
    truth = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(metrics.affine_fit(truth, np.ones((2, 3))), np.full((2, 3), 2.5))


def test_bootstrap_interval_of_a_mean():
    rows = [np.array([value]) for value in np.random.default_rng(1).normal(5, 2, 400)]
    mean = lambda drawn: float(drawn.mean())  # noqa: E731
    interval = metrics.bootstrap(rows, mean)
    standard_error = np.concatenate(rows).std() / 20
    assert interval.value == pytest.approx(np.mean(rows))
    assert interval.high - interval.value == pytest.approx(1.96 * standard_error, rel=0.15)
    assert interval.value - interval.low == pytest.approx(1.96 * standard_error, rel=0.15)
    assert interval.count == 400
    assert interval == metrics.bootstrap(rows, mean)
    same = metrics.mean_interval([(str(i), float(row[0])) for i, row in enumerate(rows)])
    assert [same.value, same.low, same.high] == pytest.approx([interval.value, interval.low, interval.high])


def test_frames_of_one_clip_stay_together():
    values = [0.0] * 50 + [1.0] * 50
    interval = metrics.mean_interval(list(zip(["a"] * 50 + ["b"] * 50, values, strict=True)))
    assert (interval.value, interval.low, interval.high, interval.count) == (0.5, 0.0, 1.0, 100)
    assert metrics.mean_interval([("a", value) for value in values]) == metrics.Interval(0.5, None, None, 100)


def test_bootstrap_draws_whole_frames():
    """Rows of one frame stay together: a hundred equal rows of one frame narrow nothing."""
    one, many = [np.array([v]) for v in (0.0, 1.0)], [np.full(100, v) for v in (0.0, 1.0)]
    mean = lambda drawn: float(drawn.mean())  # noqa: E731
    assert metrics.bootstrap(one, mean).low == metrics.bootstrap(many, mean).low == 0
    assert metrics.bootstrap([], mean) is None
