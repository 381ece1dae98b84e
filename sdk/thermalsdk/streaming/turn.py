"""Taking turns among frames that are made at the same time."""

from __future__ import annotations

import threading
from types import TracebackType


class Turn:
    """One place in a row: it comes when the one before it has ended. A context manager that is entered once.

    Two frames in flight gain by it what one after the other gives for nothing: what the first leaves behind
    is there when the second needs it.
    """

    def __init__(self, before: Turn | None = None) -> None:
        self._before = before
        self._ended = threading.Event()

    def __enter__(self) -> None:
        if self._before is not None:
            self._before._ended.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Let the next one have its turn, also where this one was never taken."""
        self._before = None  # or a long stream is one long chain
        self._ended.set()
