"""A sink that writes in a thread of its own, so that encoding a frame overlaps with making the next."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Generic

from thermalsdk.video.sinks import Image, Sink

#: Frames that may wait to be written; a sink that is slower than the frames then holds them up.
_WAITING = 4


class BackgroundSink(Generic[Image]):
    """Wraps a sink; what it raises arrives at the next `write`, or at the end of the block."""

    def __init__(self, sink: Sink[Image]) -> None:
        self._sink = sink
        self._jobs: queue.Queue[tuple[Image, str, int | None] | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="thermalsdk-writer", daemon=True)

    def write(self, image: Image, name: str, place: int | None = None) -> None:
        """Queue a frame, as `Sink.write`; its array must not change afterwards."""
        if self._error is not None:
            raise self._error
        self._jobs.put((image, name, place))

    def __enter__(self) -> BackgroundSink[Image]:
        self._sink.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.put(None)
        self._thread.join()
        failure = error if kind is not None else self._error
        self._sink.__exit__(None if failure is None else type(failure), failure, trace)
        if kind is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._error is not None:
                continue  # the writer is told at its next frame; until then the queue must not fill
            try:
                self._sink.write(*job)
            except BaseException as caught:  # handed to the writer's thread
                self._error = caught
