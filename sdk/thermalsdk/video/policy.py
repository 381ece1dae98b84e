"""What happens to frames that arrive faster than they are used."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from thermalsdk.errors import OptionError
from thermalsdk.video.array_source import ArraySource
from thermalsdk.video.source import Source, SourceFrame, close_ends_waits

_POLICIES = ("latest", "all")
#: Frames that "all" reads while earlier ones are worked on.
_READ_AHEAD = 4
#: How long a closed stream waits for its reader to finish the frame it is reading.
_JOIN_S = 2.0


def check_policy(policy: str) -> None:
    """Raise OptionError for an unknown drop policy."""
    if policy not in _POLICIES:
        raise OptionError(f"policy={policy!r} is unknown", f"Choose one of {', '.join(_POLICIES)}.")


def read_frames(source: Source, policy: str) -> FrameReader:
    """Frames of a source under a drop policy; the source is closed at the end.

    Args:
        source: an open source.
        policy: "all" reads every frame, a few of them ahead in a thread (a caller's iterable is run in the
            caller's own thread, a frame when it is asked for); "latest" reads in a thread and keeps the
            newest. A source without a clock (pictures) is always read under "all".

    Raises OptionError at once; the iterator raises VideoError.
    """
    check_policy(policy)
    if policy == "latest" and source.clock != "none":
        return _in_a_thread(source, 1, drops=True)
    if isinstance(source, ArraySource):
        frames = iter(source)
        return FrameReader(lambda: next(frames, None), source.close)
    return _in_a_thread(source, _READ_AHEAD, drops=False)


def _in_a_thread(source: Source, capacity: int, *, drops: bool) -> FrameReader:
    reader = _Reader(source, capacity, drops=drops)
    return FrameReader(reader.take, reader.stop)


class FrameReader(Iterator[SourceFrame]):
    """Frames that are being read.

    The reading ends and the source is freed at the last frame, by `close`, or when nobody refers to the
    reader any more, whether or not a frame was taken.
    """

    def __init__(self, take: Callable[[], SourceFrame | None], stop: Callable[[], None]) -> None:
        """Read with `take`, which returns None at the end; `stop` is called once, from any thread."""
        self._take = take
        self._stop = weakref.finalize(self, stop)
        self._stop.atexit = False  # the threads are daemons: an interpreter that ends waits for nobody's read

    def __next__(self) -> SourceFrame:
        frame = None
        try:
            if self._stop.alive:
                frame = self._take()
        finally:
            if frame is None:
                self.close()
        if frame is None:
            raise StopIteration
        return frame

    def close(self) -> None:
        """End the reading and free the source, from any thread: who waits for a frame gets none.

        A read that is going on is waited for, for two seconds, and frees the source when it is over. A second
        call does nothing.
        """
        self._stop()


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
        self._stopped = False

    def run(self) -> None:
        """Read until the end, an error, or `stop`."""
        error: BaseException | None = None
        try:
            start = time.monotonic()
            for frame in self._source:
                if self._drops and self._source.clock == "file" and frame.time_s is not None:
                    self._sleep_until(start + frame.time_s)
                self._put(frame)
                if self._stopped:
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

    def _sleep_until(self, moment: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, moment - time.monotonic())

    def _put(self, frame: SourceFrame) -> None:
        with self._changed:
            if self._drops and len(self._queue) == self._capacity:
                self._dropped += 1 + self._queue.popleft().dropped
            self._changed.wait_for(lambda: len(self._queue) < self._capacity or self._stopped)
            self._queue.append(frame)
            self._changed.notify_all()

    def take(self) -> SourceFrame | None:
        """Next frame, waiting for one; None at the end and after `stop`. Raises what the source raised.

        The first call begins the reading.
        """
        with self._changed:
            if self._stopped:
                return None
            if self.ident is None:
                self.start()
            self._changed.wait_for(lambda: self._queue or self._finished or self._stopped)
            if self._stopped:
                return None
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
        """End the reading, from any thread, and free the source."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self.ident is None:
            self._source.close()
        elif threading.current_thread() is not self:  # it is where garbage collection happened to run in it
            if close_ends_waits(self._source):
                self._source.close()
            self.join(_JOIN_S)
