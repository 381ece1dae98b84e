"""Frames that a program makes itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any

from thermalsdk.inputs import check_frame
from thermalsdk.video.source import ClockKind, SourceFrame, numbered_name


class ArraySource:
    """Any iterable of uint8 HxWx3 arrays. Implements `Source`.

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
        for index, array in enumerate(self._arrays):
            yield SourceFrame(check_frame(array, self._color), index, None, numbered_name(index))

    def close(self) -> None:
        """Leave the iterable to its owner."""
