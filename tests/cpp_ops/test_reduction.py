"""reduce and enlarge: the native ones against their specification, and what both must keep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thermalsdk import compositing
from thermalsdk.compositing import reference
from thermalsdk.errors import InputError

SIDES = st.integers(1, 40)


@settings(deadline=None)
@given(
    size=st.tuples(SIDES, SIDES),
    factor=st.integers(2, 12),
    seed=st.integers(0, 99),
    threads=st.integers(1, 3),
)
def test_reduced_frames_equal_the_specification(size, factor, seed, threads):
    rgb = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    np.testing.assert_array_equal(compositing.reduce(rgb, factor, threads), reference.reduce(rgb, factor))


@pytest.mark.parametrize("factor", [*range(2, 13), 64])
def test_means_are_rounded_as_whole_numbers(factor):
    """Every sum that a square can have, near the whole numbers and their halves."""
    pixels = factor * factor
    sums = (np.arange(0, 255 * 2 + 1)[:, None] * pixels // 2 + np.arange(-1, 2)).clip(0, 255 * pixels).ravel()
    squares = sums[:, None] // pixels + (np.arange(pixels) < sums[:, None] % pixels)
    rgb = squares.reshape(-1, factor, factor).swapaxes(0, 1).reshape(factor, -1, 1).repeat(3, 2)
    found = compositing.reduce(rgb.astype(np.uint8), factor)[0, :, 0]
    np.testing.assert_array_equal(found, (2 * sums + pixels) // (2 * pixels))


@settings(deadline=None)
@given(
    plane=arrays(np.float32, st.tuples(SIDES, SIDES), elements=st.floats(-1, 1, width=32)),
    factor=st.integers(2, 7),
)
def test_enlarged_planes_equal_the_specification(plane, factor):
    found = compositing.enlarge(plane, factor)
    np.testing.assert_allclose(found, reference.enlarge(plane, factor), rtol=1e-6, atol=1e-7)
    assert plane.min() - 1e-6 <= found.min() <= found.max() <= plane.max() + 1e-6


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_a_slope_stays_where_it_was(factor):
    """Pixels keep their centres: a plane that rises evenly does so at any size."""
    plane = np.add.outer(2.0 * np.arange(9), np.arange(12)).astype(np.float32)
    centres = [(np.arange(factor * side) + 0.5) / factor - 0.5 for side in plane.shape]
    expected = np.add.outer(2 * centres[0], centres[1])
    inside = np.s_[factor:-factor, factor:-factor]
    np.testing.assert_allclose(compositing.enlarge(plane, factor)[inside], expected[inside], atol=1e-5)


@pytest.mark.parametrize("factor", [1, 0, -3, 65])
def test_other_factors_are_refused(factor):
    with pytest.raises(InputError, match=f"factor is {factor}"):
        compositing.reduce(np.zeros((8, 8, 3), np.uint8), factor)
    with pytest.raises(InputError, match=f"factor is {factor}"):
        compositing.enlarge(np.zeros((8, 8), np.float32), factor)
