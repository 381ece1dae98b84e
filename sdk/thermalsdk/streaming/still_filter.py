"""Temporal noise reduction: temperatures are averaged over time where the colours stand still."""

from __future__ import annotations

import numpy as np

from thermalsdk import compositing
from thermalsdk.padding import pad
from thermalsdk.streaming.temporal_filter import Bytes, Float32, Moment, TemporalFilter, changed_since

#: Pixels whose mean colour is compared along each axis: enough to average the noise of a camera away.
_CELL = 8
#: Mean colours of a cell that differ by more than this between two frames, of 255, have moved.
_MOVED = 3.0 / 255.0


class StillFilter(TemporalFilter):
    """Keeps temperatures where the colours stand still.

    The networks see one frame at a time, so sensor noise and pixels between two classes flicker where nothing
    happens. Here a pixel keeps a share of its former temperature as long as the colours around it hardly
    change between two frames; where anything moves, the new temperature is taken as it is, so nothing leaves
    a trail.
    """

    def _compared(self, rgb: Bytes) -> Float32:
        """Mean colours of cells."""
        quarters = compositing.planes_4(pad(rgb, _CELL))
        rows = quarters[:, ::2] + quarters[:, 1::2]
        return (rows[..., ::2] + rows[..., 1::2]) / np.float32(4)

    def _kept(self, former: Moment, now: Moment) -> Float32:
        weights = _by_pixel(self._keep * _still(former.colours, now.colours), now.kelvin.shape)
        if now.labels is not None and former.labels is not None:
            weights = weights * (now.labels == former.labels)
        before = former.kelvin
        if now.told is not None and former.told is not None:
            before = before + changed_since(former.told, now.told)
        return weights * (before - now.kelvin)


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


def _still(before: Float32, now: Float32) -> Float32:
    """1 for the cells around which no colour [3,h,w] has moved, else 0: float32 [h,w]."""
    moved = np.pad(np.abs(now - before).max(0) > _MOVED, 1, mode="edge")
    rows = moved[:-2] | moved[1:-1] | moved[2:]
    return (~(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])).astype(np.float32)
