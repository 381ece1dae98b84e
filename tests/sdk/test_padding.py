"""Padding repeats the edge and cropping undoes it."""

import numpy as np
import pytest

from thermalsdk.padding import crop, pad


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (64, 95), (97, 131), (65, 65, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_pad_repeats_the_edge(shape, dtype):
    array = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    padded = pad(array, 32)
    height, width = shape[:2]
    margins = [(0, -height % 32), (0, -width % 32), *[(0, 0)] * (len(shape) - 2)]
    np.testing.assert_array_equal(padded, np.pad(array, margins, mode="edge"))
    assert padded.dtype == dtype
    assert padded.flags.c_contiguous


def test_aligned_arrays_are_not_copied():
    array = np.zeros((64, 96), np.uint8)
    assert pad(array, 32) is array
    assert np.shares_memory(crop(array, (64, 96)), array)


def test_crop_undoes_pad():
    array = np.random.default_rng(0).random((97, 131), np.float32)
    cropped = crop(pad(array, 32), (97, 131))
    np.testing.assert_array_equal(cropped, array)
    assert cropped.flags.c_contiguous
