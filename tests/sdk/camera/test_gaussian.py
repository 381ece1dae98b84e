"""The fast noise against the normal distribution."""

from statistics import NormalDist

import numpy as np
import pytest

from thermalsdk.camera.gaussian import white_noise

SHAPE = (301, 403)  # no multiple of what one random word gives


def drawn(seed=0, shape=SHAPE):
    return white_noise(np.random.Generator(np.random.SFC64(seed)), shape)


def test_shape_type_and_repetition():
    assert (drawn().shape, drawn().dtype) == (SHAPE, np.float32)
    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert (drawn(3) == drawn(4)).mean() < 0.001


def test_moments_and_distribution():
    """Within four standard errors; Kolmogorov and Smirnov's distance at the level of 0.1 %."""
    values = np.sort(drawn(), axis=None).astype(np.float64)
    count = values.size
    assert abs(values.mean()) < 4 / np.sqrt(count)
    assert values.var() == pytest.approx(1, abs=4 * np.sqrt(2 / count))
    assert (values**4).mean() == pytest.approx(3, abs=4 * np.sqrt(96 / count))
    normal = NormalDist()
    expected = np.array([normal.cdf(value) for value in values[::50]])
    assert np.abs(expected - np.arange(0, count, 50) / count).max() < 1.95 / np.sqrt(count)


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 1), (0, 4)])
def test_neighbours_are_independent(step):
    values = drawn(1)
    down, across = step
    product = values[down:, across:] * values[: SHAPE[0] - down, : SHAPE[1] - across]
    assert abs(product.mean()) < 4 / np.sqrt(product.size)


def test_pictures_are_independent():
    product = drawn(1) * drawn(2)
    assert abs(product.mean()) < 4 / np.sqrt(product.size)
