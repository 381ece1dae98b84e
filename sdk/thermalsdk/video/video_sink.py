"""Encoding of a video with PyAV."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from thermalsdk.errors import OutputError
from thermalsdk.partial import DISK, Partial
from thermalsdk.video.packages import import_av
from thermalsdk.video.sinks import Image, Sink

#: Rate of a video made of pictures, which have none.
DEFAULT_RATE = 25.0


class VideoSink(Sink[Image]):
    """A video of one stream. Subclasses name the codec and turn images into its frames."""

    codec: ClassVar[str]
    options: ClassVar[dict[str, str]]

    def __init__(self, path: Path, rate: float | None) -> None:
        """Open a video of `rate` frames per second. Raises OutputError or MissingDependency."""
        self._av = import_av()
        self._tick = _tick(rate or DEFAULT_RATE)
        super().__init__(Partial(path))
        self._size: tuple[int, int] | None = None
        self._next = 0
        try:
            self._container = self._av.open(str(self._partial.temporary), "w")
            try:
                self._stream = self._container.add_stream(
                    self.codec, rate=1 / self._tick, options=self.options
                )
            except BaseException:
                self._container.close()
                raise
        except (OSError, ValueError) as error:
            self._partial.discard()
            raise OutputError(f"{path} cannot be written: {error}", DISK) from error

    @abstractmethod
    def _start(self, image: Image) -> None:
        """Set what the stream must know before its first frame, the pixel format at least."""

    @abstractmethod
    def _frame(self, image: Image) -> Any:
        """Make an av.VideoFrame."""

    def _write(self, image: Image, name: str, place: int | None) -> None:
        if self._size is None:
            self._start(image)
        frame = self._frame(image)
        size = (frame.height, frame.width)
        if self._size is None:
            self._size = size
            self._stream.height, self._stream.width = size
        if size != self._size:
            raise OutputError(
                f"frame {name} is {size[0]}x{size[1]}, the video {self._size[0]}x{self._size[1]}",
                "Write pictures of different sizes into a folder instead.",
            )
        frame.pts = self._next if place is None else place
        frame.time_base = self._tick
        self._next = frame.pts + 1
        with self._encoding():
            self._container.mux(self._stream.encode(frame))

    def _finish(self) -> None:
        try:
            if self._size is not None:
                with self._encoding():
                    self._container.mux(self._stream.encode())
        finally:
            self._container.close()

    @contextmanager
    def _encoding(self) -> Generator[None, None, None]:
        """Name the errors of the encoder; those of the disk pass."""
        try:
            yield
        except self._av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise OutputError(
                f"{self._partial.final} cannot be encoded as {self.codec}: {error}",
                "Encoders have a largest frame, H.264 one of 16384 pixels a side: make frames smaller, or "
                "write into a folder.",
            ) from error


def _tick(rate: float) -> Fraction:
    """Seconds of a frame, of which the larger part of the fraction is exact to 1001. Raises OutputError."""
    if not (math.isfinite(rate) and rate > 0):
        raise OutputError(f"{rate} frames per second make no video", "Give a source that has a rate.")
    if rate < 1:
        return Fraction(1 / rate).limit_denominator(1001)
    return 1 / Fraction(rate).limit_denominator(1001)
