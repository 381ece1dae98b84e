"""Frames that are fetched beside whoever wants them, so that a silent source holds nobody up."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Event, Thread

from thermalsdk.errors import VideoError
from thermalsdk.viewer.feed import FeedFrame, open_feed

#: How long `close` waits for the frame that is being fetched.
_JOIN_S = 1.0


class Fetcher:
    """Fetches the frames of one feed in a thread of its own, each when it is asked for.

    One thread takes; any may close.

    Args:
        source: as for `open_feed`.
        classes: of the bundle.

    Raises VideoError or MissingDependency for a source that cannot be opened.
    """

    def __init__(self, source: str, classes: tuple[str, ...]) -> None:
        self.source = source
        self._frames = open_feed(source, classes)
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._fetched: SimpleQueue[FeedFrame | BaseException | None] = SimpleQueue()
        self._coming = False
        self._closed = Event()
        self._thread = Thread(target=self._fetch, name="thermalsdk-viewer", daemon=True)
        self._thread.start()

    def take(self, patience_s: float | None) -> FeedFrame | None:
        """The next frame; None where it has not come yet, or the feed is closed.

        patience_s: seconds to wait for it; None for as long as it takes.

        Raises what the feed raises, and VideoError after that.
        """
        if self._closed.is_set():
            return None
        if not self._coming:
            self._wanted.put(True)
            self._coming = True
        try:
            fetched = self._fetched.get(timeout=patience_s)
        except Empty:
            return None
        self._coming = False
        if isinstance(fetched, BaseException):
            raise fetched
        return fetched

    def close(self) -> None:
        """Call off a wait, and free the source: at once, or when it gives the frame it was asked for."""
        self._closed.set()
        self._fetched.put(None)
        self._wanted.put(False)
        self._thread.join(_JOIN_S)

    def _fetch(self) -> None:
        while self._wanted.get():
            self._fetched.put(self._next())
        self._frames.close()

    def _next(self) -> FeedFrame | BaseException:
        try:
            return next(self._frames)
        except StopIteration:  # what broke it was said when it did
            return VideoError(f"{self.source} gives no more frames", "Choose another source, or it again.")
        except BaseException as error:  # raised in the taker's thread
            return error
