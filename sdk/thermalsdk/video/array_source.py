"""Frames that a program makes itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.inputs import check_frame
from thermalsdk.video.source import ClockKind, SourceFrame, numbered_name


class ArraySource:
    """Any iterable of uint8 HxWx3 arrays, or of `SourceFrame`s, which bring maps along. Implements `Source`.

    With the policy "latest" the iterable runs in a thread of its own, at the pace at which it yields.
    """

    clock: ClockKind = "live"
    rate: float | None = None
    single = False

    def __init__(self, arrays: Iterable[Any], color: str = "rgb") -> None:
        """Wrap an iterable whose channels are in the order `color`, "rgb" or "bgr"."""
        self._arrays = arrays
        self._color = color
        self.count: int | None = len(arrays) if isinstance(arrays, Sized) else None

    def __iter__(self) -> Iterator[SourceFrame]:
        for index, given in enumerate(self._arrays):
            frame = given if isinstance(given, SourceFrame) else SourceFrame(given)
            yield replace(
                frame,
                rgb=self._own(frame.rgb),
                index=index,
                name=frame.name or numbered_name(index),
                labels=_own_map(frame.labels),
                instances=_own_map(frame.instances),
            )

    def _own(self, array: Any) -> npt.NDArray[np.uint8]:
        """RGB that stays when a program fills the same buffer again: frames are read ahead, and kept."""
        rgb = check_frame(array, self._color)
        return rgb.copy() if np.may_share_memory(rgb, np.asarray(array)) else rgb

    def close(self) -> None:
        """Leave the iterable to its owner."""


def _own_map(ids: npt.NDArray[Any] | None) -> npt.NDArray[Any] | None:
    return None if ids is None else np.array(ids)
