"""What happens to frames that arrive faster than they are used."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from dataclasses import replace

from thermalsdk.errors import OptionError
from thermalsdk.video.source import Source, SourceFrame

_POLICIES = ("latest", "all")
#: How long a closed stream waits for its reader to finish the frame it is reading.
_JOIN_S = 2.0


def read_frames(source: Source, policy: str) -> Generator[SourceFrame, None, None]:
    """Frames of a source under a drop policy; the source is closed at the end.

    Args:
        source: an open source.
        policy: "all" reads a frame when it is asked for; "latest" reads in a thread and keeps the newest.
            A source without a clock (pictures) is always read under "all".

    Raises OptionError at once; the iterator raises VideoError.
    """
    if policy not in _POLICIES:
        raise OptionError(f"policy={policy!r} is unknown", f"Choose one of {', '.join(_POLICIES)}.")
    return _all(source) if policy == "all" or source.clock == "none" else _latest(source)


def _all(source: Source) -> Generator[SourceFrame, None, None]:
    try:
        yield from source
    finally:
        source.close()


def _latest(source: Source) -> Generator[SourceFrame, None, None]:
    reader = _Reader(source)
    reader.start()
    try:
        while (frame := reader.take()) is not None:
            yield frame
    finally:
        reader.stop()


class _Reader(threading.Thread):
    """Reads a source into a slot that holds one frame. It owns the source, and closes it."""

    def __init__(self, source: Source) -> None:
        super().__init__(name="thermalsdk-reader", daemon=True)
        self._source = source
        self._changed = threading.Condition()
        self._slot: SourceFrame | None = None
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
                if self._source.clock == "file":
                    self._stopped.wait(start + frame.time_s - time.monotonic())
                if self._stopped.is_set():
                    break
                self._put(frame)
        except BaseException as caught:  # handed to the consumer's thread
            error = caught
        finally:
            self._source.close()
            with self._changed:
                self._error = error
                self._finished = True
                self._changed.notify()

    def _put(self, frame: SourceFrame) -> None:
        with self._changed:
            if self._slot is not None:
                self._dropped += 1
            self._slot = frame
            self._changed.notify()

    def take(self) -> SourceFrame | None:
        """Newest frame, waiting for one; None at the end. Raises what the source raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._finished)
            if self._slot is None:
                if self._error is not None:
                    raise self._error
                return None
            frame = replace(self._slot, dropped=self._dropped)
            self._slot = None
            self._dropped = 0
            return frame

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join(_JOIN_S)
