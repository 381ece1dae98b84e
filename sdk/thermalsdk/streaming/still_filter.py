"""Temporal noise reduction: temperatures are averaged over time where the colours stand still."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.padding import pad

Float32 = npt.NDArray[np.float32]

#: Pixels whose mean colour is compared along each axis: enough to average the noise of a camera away.
_CELL = 8
#: Mean colours of a cell that differ by more than this between two frames, of 255, have moved.
_MOVED = 3.0 / 255.0


class StillFilter:
    """Filters the frames of one video, in order.

    The networks see one frame at a time, so sensor noise and pixels between two classes flicker where nothing
    happens. Here a pixel keeps a share of its former temperature as long as the colours around it hardly
    change between two frames; where anything moves, the new temperature is taken as it is, so nothing leaves
    a trail.

    Args:
        keep: share of the former temperature that stays where nothing moves, 0 to less than 1.
    """

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._colours: Float32 | None = None
        self._kelvin: Float32 | None = None
        self._labels: npt.NDArray[np.uint8] | None = None

    def __call__(
        self, rgb: npt.NDArray[np.uint8], kelvin: Float32, labels: npt.NDArray[np.uint8] | None = None
    ) -> Float32:
        """Filtered temperatures of the next frame.

        Args:
            rgb: uint8 HxWx3; a frame of another size than the one before starts anew.
            kelvin: float32 HxW.
            labels: uint8 HxW, a class map that does not flicker; nothing is kept where it changes. None where
                there is none.

        Returns float32 HxW, a new array.
        """
        colours = _cell_means(pad(rgb, _CELL))
        filtered = kelvin.copy()
        if self._colours is not None and self._kelvin is not None and self._kelvin.shape == kelvin.shape:
            weights = np.float32(self._keep) * _still(self._colours, colours)
            by_pixel = _by_pixel(weights, kelvin.shape)
            if labels is not None and self._labels is not None:
                by_pixel = by_pixel * (labels == self._labels)
            filtered += by_pixel * (self._kelvin - kelvin)
        self._colours, self._kelvin, self._labels = colours, filtered.copy(), labels
        return filtered


def _by_pixel(weights: Float32, size: tuple[int, ...]) -> Float32:
    """Weights of cells, linear from one centre to the next, because sharp borders of cells would show."""
    height, width = size
    return _stretched(_stretched(weights.T).T)[:height, :width]


def _stretched(values: Float32) -> Float32:
    """Each value of the last axis as _CELL values: float32 [n, cells * _CELL].

    No product of matrices, though it is one: BLAS would start threads, which spin between frames.
    """
    ends = np.concatenate((values[:, :1], values, values[:, -1:]), 1)
    places = ((np.arange(_CELL) + 0.5) / _CELL).astype(np.float32)
    between = ends[:, :-1, np.newaxis] + np.diff(ends)[..., np.newaxis] * places
    half = _CELL // 2
    return between.reshape(len(values), -1)[:, half:-half]


def _cell_means(rgb: npt.NDArray[np.uint8]) -> Float32:
    quarters = compositing.planes_4(rgb)
    rows = quarters[:, ::2] + quarters[:, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) / np.float32(4)


def _still(before: Float32, now: Float32) -> Float32:
    """1 for the cells around which no colour [3,h,w] has moved, else 0: float32 [h,w]."""
    moved = np.pad(np.abs(now - before).max(0) > _MOVED, 1, mode="edge")
    rows = moved[:-2] | moved[1:-1] | moved[2:]
    return (~(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])).astype(np.float32)
