"""The interface of everything that frames come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

#: What to do about a file that is there and may not be read.
MAY_NOT_READ = "Its permissions do not let you: ls -l, chmod u+r."

#: What sets the pace: nothing (pictures), the time stamps of a file, or the world.
ClockKind = Literal["none", "file", "live"]


@dataclass(frozen=True)
class SourceFrame:
    """One colour frame. Frames are read ahead: its arrays are its own, and do not change afterwards.

    Args:
        rgb: uint8 HxWx3.
        index: number in the source, from 0; an iterable's frames are numbered as they come.
        time_s: seconds since the first frame by the source's own clock; None where it has none.
        name: what an output made of it is called, without suffix; an iterable's frames need none.
        dropped: frames that were skipped just before this one.
        labels: class map HxW of any integer type that came with it, or None.
        instances: instance map likewise.
        files: what it was read from, where that is a file of its own: the picture, and its maps.
    """

    rgb: npt.NDArray[np.uint8]
    index: int = 0
    time_s: float | None = None
    name: str = ""
    dropped: int = 0
    labels: npt.NDArray[Any] | None = None
    instances: npt.NDArray[Any] | None = None
    files: tuple[Path, ...] = ()

    @property
    def place(self) -> str:
        """What errors call it: its files, or its name."""
        return ", ".join(str(path) for path in self.files) or f"frame {self.name}"


@runtime_checkable
class Source(Protocol):
    """Frames in order.

    Attributes:
        clock: what sets the pace.
        rate: frames per second, or None where it is unknown.
        count: how many frames are to be expected, or None where it is unknown.
        single: whether this is one still picture.

    A source may also have `close_ends_waits = True`: any thread may close it, and whoever waits for its next
    frame then waits no longer. Every other source is closed only by the thread that reads it.
    """

    clock: ClockKind = "none"
    rate: float | None = None
    count: int | None = None
    single: bool = False

    def __iter__(self) -> Iterator[SourceFrame]:
        """Frames from the start. Raises VideoError when one cannot be read, or the source ends too early."""

    def close(self) -> None:
        """Free the file or camera; a second call does nothing."""


def close_ends_waits(source: Source) -> bool:
    """Whether any thread may close a source, and end a wait for its next frame by that."""
    return bool(getattr(source, "close_ends_waits", False))


def numbered_name(index: int) -> str:
    """Name of a frame that has none of its own; sorts as text like the frames sort in time."""
    return f"{index:06d}"
