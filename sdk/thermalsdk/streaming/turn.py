"""Taking turns among frames that are made at the same time."""

from __future__ import annotations

from concurrent.futures import Future
from types import TracebackType


class Turn:
    """One place in a row: it comes when all before it have ended. A context manager that is entered once.

    Two frames in flight gain by it what one after the other gives for nothing: what the first leaves behind
    is there when the second needs it.
    """

    def __init__(self, before: Turn | None = None) -> None:
        self._before = None if before is None else before._over
        self._over: Future[None] = Future()  # this one and all before it have ended
        self._has_ended = False

    def __enter__(self) -> None:
        if self._before is not None:
            self._before.result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Let the next one have its turn, also where this one was never taken; a second call does nothing."""
        if self._has_ended:
            return
        self._has_ended = True
        before, self._before = self._before, None  # or a long stream is one long chain
        if before is None:
            self._over.set_result(None)
        else:
            before.add_done_callback(lambda _: self._over.set_result(None))
