"""Large frames for the networks, which have learned what things look like at some sizes alone."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.bundle.manifest import MIN_SIDE

#: The largest factor of the native reduction, kMostReduction in cpp_ops/reduction.h.
_MOST = 64
Number = TypeVar("Number", bound=np.generic)


def reduction(size: tuple[int, int], known_side: int) -> int:
    """How many pixels along each axis become one, so that a frame of (H, W) is nearly of a known size.

    Args:
        size: of the frame.
        known_side: shorter side, in pixels, of the frames that the networks know best.
    """
    side = min(size)
    return max(1, min(round(side / known_side), side // MIN_SIDE, _MOST))


def reduced(rgb: npt.NDArray[np.uint8], factor: int, threads: int = 1) -> npt.NDArray[np.uint8]:
    """Means of squares of `factor` pixels a side, uint8 HxWx3; at the right and bottom smaller."""
    return rgb if factor == 1 else compositing.reduce(rgb, factor, threads)


def picked(values: npt.NDArray[Number], factor: int) -> npt.NDArray[Number]:
    """The middle value of each of these squares, HxW, C-contiguous: of ids, and of what goes with them."""
    if factor == 1:
        return np.ascontiguousarray(values)
    middle = factor // 2
    rows, columns = (np.arange(middle, side + middle, factor).clip(max=side - 1) for side in values.shape)
    return values.take(rows, axis=0).take(columns, axis=1)


def repeated(labels: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    """A class map HxW with `factor` pixels a side for each of its pixels."""
    return labels if factor == 1 else labels.repeat(factor, axis=0).repeat(factor, axis=1)
