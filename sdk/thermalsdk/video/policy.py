"""What happens to frames that arrive faster than they are used."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator
from dataclasses import replace

from thermalsdk.errors import OptionError
from thermalsdk.video.array_source import ArraySource
from thermalsdk.video.source import Source, SourceFrame

_POLICIES = ("latest", "all")
#: Frames that "all" reads while earlier ones are worked on.
_READ_AHEAD = 4
#: How long a closed stream waits for its reader to finish the frame it is reading.
_JOIN_S = 2.0


def read_frames(source: Source, policy: str) -> Generator[SourceFrame, None, None]:
    """Frames of a source under a drop policy; the source is closed at the end.

    Args:
        source: an open source.
        policy: "all" reads every frame, a few of them ahead in a thread (a caller's iterable is run in the
            caller's own thread, a frame when it is asked for); "latest" reads in a thread and keeps the
            newest. A source without a clock (pictures) is always read under "all".

    Raises OptionError at once; the iterator raises VideoError.
    """
    if policy not in _POLICIES:
        raise OptionError(f"policy={policy!r} is unknown", f"Choose one of {', '.join(_POLICIES)}.")
    if policy == "latest" and source.clock != "none":
        return _read(_Reader(source, 1, drops=True))
    if isinstance(source, ArraySource):
        return _inline(source)
    return _read(_Reader(source, _READ_AHEAD, drops=False))


def _inline(source: Source) -> Generator[SourceFrame, None, None]:
    try:
        yield from source
    finally:
        source.close()


def _read(reader: _Reader) -> Generator[SourceFrame, None, None]:
    reader.start()
    try:
        while (frame := reader.take()) is not None:
            yield frame
    finally:
        reader.stop()


class _Reader(threading.Thread):
    """Reads a source into a short queue. It owns the source, and closes it.

    When the queue is full, a reader that drops throws the oldest frame away and plays a file at its own
    speed; another one waits.
    """

    def __init__(self, source: Source, capacity: int, *, drops: bool) -> None:
        super().__init__(name="thermalsdk-reader", daemon=True)
        self._source = source
        self._capacity = capacity
        self._drops = drops
        self._changed = threading.Condition()
        self._queue: deque[SourceFrame] = deque()
        self._dropped = 0
        self._error: BaseException | None = None
        self._finished = False
        self._stopped = threading.Event()

    def run(self) -> None:
        """Read until the end, an error, or `stop`."""
        error: BaseException | None = None
        try:
            start = time.monotonic()
            for frame in self._source:
                if self._drops and self._source.clock == "file" and frame.time_s is not None:
                    self._stopped.wait(start + frame.time_s - time.monotonic())
                if not self._stopped.is_set():
                    self._put(frame)
                if self._stopped.is_set():
                    break
        except BaseException as caught:  # handed to the consumer's thread
            error = caught
        try:
            self._source.close()
        except BaseException as caught:  # likewise
            error = error or caught
        with self._changed:
            self._error = error
            self._finished = True
            self._changed.notify_all()

    def _put(self, frame: SourceFrame) -> None:
        with self._changed:
            if self._drops and len(self._queue) == self._capacity:
                self._dropped += 1 + self._queue.popleft().dropped
            self._changed.wait_for(lambda: len(self._queue) < self._capacity or self._stopped.is_set())
            self._queue.append(frame)
            self._changed.notify_all()

    def take(self) -> SourceFrame | None:
        """Next frame, waiting for one; None at the end. Raises what the source raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._finished)
            if not self._queue:
                if self._error is not None:
                    raise self._error
                return None
            frame = self._queue.popleft()
            frame = replace(frame, dropped=self._dropped + frame.dropped)
            self._dropped = 0
            self._changed.notify_all()
            return frame

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
        self.join(_JOIN_S)
