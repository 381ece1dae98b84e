"""What `Synthesizer.stream` returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from thermalsdk.frame import Frame

if TYPE_CHECKING:
    from thermalsdk.video import FrameReader


class Stream(Iterator[Frame]):
    """Thermal frames of a source.

    Threads end and the source is freed at the last frame, at an error, by `close`, when nobody refers to the
    stream any more, and with its synthesizer.
    """

    def __init__(
        self, given: FrameReader, made: Generator[Frame, None, None], check_open: Callable[[], object]
    ) -> None:
        """Stream what is made of the frames that are given.

        Args:
            given: frames of the source.
            made: what is made of them; it ends when they do.
            check_open: raises ClosedError when the synthesizer is closed.
        """
        self._given = given
        self._made = made
        self._check_open = check_open
        self._turn = threading.Lock()
        self._over = False
        self._has_ended = False

    def __next__(self) -> Frame:
        try:
            with self._turn:
                return self._next()
        finally:
            if self._has_ended:
                self._end_threads()  # it could not while this thread was in `_made`

    def _next(self) -> Frame:
        if not self._over:
            self._check_open()
        try:
            return next(self._made)
        except StopIteration:
            if not self._over:
                self._check_open()  # what its synthesizer ended has not come to its end
                self._over = True
            raise

    def close(self) -> None:
        """End the threads and free the source, from any thread; a second call does nothing.

        A frame that another thread waits for, or that is being made in it, is its last.
        """
        self._over = True
        self.end()

    def end(self) -> None:
        """The same, but whoever takes a frame then is told that the synthesizer is closed."""
        self._has_ended = True
        self._given.close()
        self._end_threads()

    def _end_threads(self) -> None:
        """Of what makes the frames, unless a thread takes a frame now: it does so afterwards."""
        if self._turn.acquire(blocking=False):
            try:
                self._made.close()
            finally:
                self._turn.release()
