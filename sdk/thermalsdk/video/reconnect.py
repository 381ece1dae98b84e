"""A live source that breaks is opened again, with pauses that grow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from thermalsdk.errors import VideoError
from thermalsdk.video.source import ClockKind, Source, SourceFrame, numbered_name

_LOG = logging.getLogger("thermalsdk")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class ReconnectingSource:
    """Frames of a camera or network stream, across its interruptions. Implements `Source`.

    Frames are numbered on, and their time is this process's clock, because a stream that starts again starts
    its own at 0. Every interruption is one line of the log.
    """

    clock: ClockKind = "live"
    count: int | None = None
    single = False
    close_ends_waits = True

    def __init__(self, open_once: Callable[[], Source], give_up_after_s: float = 60.0) -> None:
        """Open the source for the first time; a failure now is the caller's.

        Args:
            open_once: opens a source that any thread may close; raises VideoError when it cannot.
            give_up_after_s: seconds without a frame after which the last error is raised.
        """
        self._open_once = open_once
        self._give_up_after_s = give_up_after_s
        self._source: Source | None = open_once()
        self.rate = self._source.rate
        self._closed = threading.Event()
        self._lock = threading.Lock()  # to put the open source down, or take it away
        self._pause = _FIRST_PAUSE_S

    def __iter__(self) -> Iterator[SourceFrame]:
        self._start = self._last = time.monotonic()
        self._index = 0
        while not self._closed.is_set():
            before = self._index
            error = yield from self._connection()
            if self._closed.is_set():
                return
            if before < self._index:
                self._pause = _FIRST_PAUSE_S
            if time.monotonic() - self._last + self._pause > self._give_up_after_s:
                raise error
            _LOG.warning("%s; trying again in %.1f s", error.message, self._pause)
            self._closed.wait(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)

    def _connection(self) -> Generator[SourceFrame, None, VideoError]:
        """Frames until the source breaks; returns what broke it."""
        try:
            for frame in self._opened():
                self._last = time.monotonic()
                name = numbered_name(self._index)
                yield replace(frame, index=self._index, time_s=self._last - self._start, name=name)
                self._index += 1
        except VideoError as error:
            return error
        finally:
            self._drop()
        return VideoError("the stream ended", "Check the camera, or the server that sends it.")

    def _opened(self) -> Source:
        """The open source, without frames where this one was closed meanwhile."""
        source = self._source
        if source is None:
            source = self._open_once()
        with self._lock:
            self._source = source
        if self._closed.is_set():
            self._drop()
        return source

    def close(self) -> None:
        """End the frames, from any thread and also during a pause; a second call does nothing."""
        self._closed.set()
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            source, self._source = self._source, None
        if source is not None:
            source.close()
