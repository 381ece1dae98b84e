"""Frames that another process on this machine writes into shared memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from thermalsdk.errors import ShapeError
from thermalsdk.inputs import check_frame
from thermalsdk.video.shared_frames import SharedFrame, SharedFrameReader
from thermalsdk.video.source import ClockKind, SourceFrame, numbered_name

#: How often a reader looks for the next frame: there is no signal between the processes.
_POLL_S = 0.0005


class SharedMemorySource:
    """The frames of "shm://NAME" (see SharedFrameWriter). Implements `Source`.

    They begin with the oldest one that the block holds when reading begins: its number and its time are 0.
    A later frame that the writer overwrote before it was read counts as dropped, under either policy.
    """

    clock: ClockKind = "live"
    rate: float | None = None
    count: int | None = None
    single = False
    close_ends_waits = True

    def __init__(self, name: str, color: str = "rgb") -> None:
        """Open the block. Raises VideoError, or ShapeError for frames that are not uint8 HxWx3."""
        self._reader = SharedFrameReader(name)
        self._color = color
        self._closed = threading.Event()
        self._lock = threading.Lock()
        if len(self._reader.shape) != 3 or self._reader.dtype != np.uint8:
            self._reader.close()
            raise ShapeError(
                f"shm://{name} holds {self._reader.dtype} {self._reader.shape}", "Write uint8 HxWx3 frames."
            )

    def __iter__(self) -> Iterator[SourceFrame]:
        first = number = max(0, self._written() - self._reader.slots)
        start_s: float | None = None
        skipped = 0
        while not self._closed.is_set():
            ended, written, frame = self._look(number)
            if number >= written:
                if ended:
                    return
                self._closed.wait(_POLL_S)
            elif frame is None:
                oldest = max(number + 1, written - self._reader.slots)
                skipped += oldest - number
                number = oldest
            else:
                start_s = frame.time_s if start_s is None else start_s
                time_s = None if frame.time_s is None or start_s is None else frame.time_s - start_s
                index = number - first
                rgb = check_frame(frame.pixels, self._color)
                yield SourceFrame(rgb, index, time_s, numbered_name(index), skipped)
                skipped = 0
                number += 1

    def _written(self) -> int:
        with self._lock:
            return 0 if self._closed.is_set() else self._reader.written

    def _look(self, number: int) -> tuple[bool, int, SharedFrame | None]:
        """Whether the writer is done, how many frames it wrote, and the wanted one if it is there."""
        with self._lock:
            if self._closed.is_set():
                return True, 0, None
            ended, written = self._reader.ended, self._reader.written
            return ended, written, self._reader.read(number) if number < written else None

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        self._closed.set()
        with self._lock:
            self._reader.close()
