"""Padding of frames to the sides that the graphs need, and cropping back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)


def pad(array: npt.NDArray[Number], multiple: int) -> npt.NDArray[Number]:
    """Repeat the right-most column and the lowest row until both sides are multiples of `multiple`.

    Args:
        array: HxW or HxWxC.
        multiple: of both sides of the result.

    Returns the array itself where nothing is missing, otherwise a new C-contiguous one.
    """
    height, width = array.shape[:2]
    missing = (-height % multiple, -width % multiple)
    if missing == (0, 0):
        return array
    padded: npt.NDArray[Any] = np.empty(
        (height + missing[0], width + missing[1], *array.shape[2:]), array.dtype
    )
    padded[:height, :width] = array
    padded[:height, width:] = array[:, -1:]
    padded[height:] = padded[height - 1]
    return padded


def crop(array: npt.NDArray[Number], size: tuple[int, int]) -> npt.NDArray[Number]:
    """Undo `pad`: the first H rows and W columns of HxW, C-contiguous, itself where it has that size."""
    return np.ascontiguousarray(array[: size[0], : size[1]])
