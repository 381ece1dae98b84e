"""Temporal noise reduction along the optical flow: what moves keeps its temperature too."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.streaming.temporal_filter import Bytes, Float32, Moment, TemporalFilter, Told, changed_since

#: Flow and colours are compared on a picture of a quarter of the frame's sides.
_SCALE = 4
#: OpenCV's flow breaks the process on low, wide pictures of fewer rows.
_LEAST_CELLS = 32
#: Colours that differ by less than this, of 255, stand still: flow there is noise and would only blur.
_STILL = 3
#: Colours that differ by more than this after the flow belong to something else, hidden before or new.
_ELSEWHERE = 5
#: Cells of the small picture over which differences are averaged: a camera's noise counts for nothing then.
_WINDOW = (5, 5)
_EDGE = (3, 3)
#: Pixels around one of another class that keep nothing: feather, and what the flow may be wrong by.
_AROUND = (13, 13)


class MotionFilter(TemporalFilter):
    """Keeps temperatures where the colours have come from.

    Where `StillFilter` lets everything go that moves, here a pixel keeps a share of the temperature that its
    spot had in the frame before, wherever the optical flow of the colours (DIS, Kroeger et al. 2016) says it
    was. Where the colours there are others, the new temperature is taken as it is, and so it is around pixels
    whose class was another, where class maps come with the frames: then a class has the temperature that was
    set, however small it is.

    Args:
        keep: share of the former temperature that stays, 0 to less than 1.

    Raises MissingDependency without OpenCV.
    """

    def __init__(self, keep: float) -> None:
        from thermalsdk.video.packages import import_cv2  # a call alone needs nothing of videos

        super().__init__(keep)
        self._cv2 = import_cv2()
        self._flow = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def _compared(self, rgb: Bytes) -> Bytes:
        """The frame in cells of _SCALE pixels."""
        height, width = rgb.shape[:2]
        cells = (-(-width // _SCALE), -(-height // _SCALE))
        small: Bytes = self._cv2.resize(rgb, cells, interpolation=self._cv2.INTER_AREA)
        return small

    def _kept(self, former: Moment, now: Moment) -> Float32:
        size, nearest = now.kelvin.shape, self._cv2.INTER_NEAREST
        flow = self._flow_back(former.colours, now.colours)
        weights = self._enlarged(self._weights(flow, former.colours, now.colours), size)
        source = self._enlarged(flow * _SCALE, size) + _grid(size)
        moved = self._moved(source, former.kelvin, self._cv2.INTER_LINEAR)
        if now.labels is not None and former.labels is not None:
            weights[self._changed(source, former.labels, now.labels)] = 0
            border = self._moved(source, self._border(former.labels), nearest) > 0
            moved[border] = self._moved(source, former.kelvin, nearest)[border]
        if now.told is not None and former.told is not None:
            told = Told(*(self._moved(source, p, nearest) for p in (former.told.labels, former.told.kelvin)))
            moved += changed_since(told, now.told)
        kept: Float32 = weights * (moved - now.kelvin)
        return kept

    def _flow_back(self, before: Bytes, now: Bytes) -> Float32:
        """From each cell to where it was: float32 [h,w,2], x and y in cells."""
        greys = [self._cv2.cvtColor(picture, self._cv2.COLOR_RGB2GRAY) for picture in (now, before)]
        height, width = greys[0].shape
        missing = max(0, _LEAST_CELLS - height), max(0, _LEAST_CELLS - width)
        padded = [
            self._cv2.copyMakeBorder(grey, 0, missing[0], 0, missing[1], self._cv2.BORDER_REPLICATE)
            for grey in greys
        ]
        flow: Float32 = np.ascontiguousarray(self._flow.calc(*padded, None)[:height, :width])
        flow[self._difference(before, now) < _STILL] = 0
        return flow

    def _weights(self, flow: Float32, before: Bytes, now: Bytes) -> Float32:
        """Share that each cell keeps: float32 [h,w]."""
        source = flow + _grid(now.shape[:2])
        height, width = now.shape[:2]
        moved = self._cv2.remap(before, source, None, self._cv2.INTER_LINEAR)
        seen = ((source >= 0) & (source <= (width - 1, height - 1))).all(2)
        same = (seen & (self._difference(moved, now) < _ELSEWHERE)).astype(np.float32)
        weights: Float32 = self._cv2.blur(same, _EDGE) * same * self._keep
        return weights

    def _changed(self, source: Float32, before: Bytes, now: Bytes) -> npt.NDArray[np.bool_]:
        """Pixels around which the flow leads to another class: bool HxW."""
        other = self._moved(source, before, self._cv2.INTER_NEAREST) != now
        grown = self._cv2.dilate(other.astype(np.uint8), np.ones(_AROUND, np.uint8))
        return np.asarray(grown, bool)

    def _border(self, labels: Bytes) -> Bytes:
        """Pixels beside another class, between which nothing may be interpolated: uint8 HxW, 0 or not."""
        around = np.ones(_EDGE, np.uint8)
        border: Bytes = self._cv2.dilate(labels, around) - self._cv2.erode(labels, around)
        return border

    def _moved(self, source: Float32, former: npt.NDArray[Any], interpolation: int) -> npt.NDArray[Any]:
        """Former values HxW where the flow has carried them."""
        border = self._cv2.BORDER_REPLICATE
        moved: npt.NDArray[Any] = self._cv2.remap(former, source, None, interpolation, borderMode=border)
        return moved

    def _difference(self, one: Bytes, other: Bytes) -> Bytes:
        """Largest difference among the channels, averaged over a window: uint8 [h,w]."""
        averaged: Bytes = self._cv2.blur(self._cv2.absdiff(one, other), _WINDOW)
        return averaged.max(2)

    def _enlarged(self, cells: Float32, size: tuple[int, ...]) -> Any:
        return self._cv2.resize(cells, size[1::-1], interpolation=self._cv2.INTER_LINEAR)


@functools.lru_cache(maxsize=4)
def _grid(size: tuple[int, ...]) -> Float32:
    """Coordinates x and y of every pixel: float32 [h,w,2], read-only: every frame asks for the same."""
    height, width = size
    grid = np.empty((height, width, 2), np.float32)
    grid[..., 0] = np.arange(width, dtype=np.float32)
    grid[..., 1] = np.arange(height, dtype=np.float32)[:, np.newaxis]
    grid.setflags(write=False)
    return grid
