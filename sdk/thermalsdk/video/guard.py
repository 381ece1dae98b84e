"""Closing from one thread what another one reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Guard:
    """Frees a file or camera when it is closed, but never in the middle of a read: FFmpeg would crash.

    One thread reads; any may close.
    """

    def __init__(self, free: Callable[[], None]) -> None:
        """Guard what `free` frees; a second call of it does nothing."""
        self._free = free
        self._lock = threading.Lock()
        self._reading = False
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[bool]:
        """Keep it open for one read. Gives whether it is open."""
        with self._lock:
            self._reading = not self._closed
            is_open = self._reading
        try:
            yield is_open
        finally:
            with self._lock:
                self._reading = False
                if self._closed:
                    self._free()

    def close(self) -> None:
        """Free it, at once or after the read that is going on; a second call does nothing."""
        with self._lock:
            self._closed = True
            if not self._reading:
                self._free()
