"""Where thermal frames are written: videos, pictures, folders of pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from thermalsdk.errors import ClosedError, OutputError
from thermalsdk.padding import pad
from thermalsdk.video.packages import import_av
from thermalsdk.video.partial import Partial
from thermalsdk.video.source import Source

#: Rate of a video made of pictures, which have none.
DEFAULT_RATE = 25.0
_DISPLAY_VIDEOS = (".mp4", ".mkv", ".mov")
_DISPLAY_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_RAW16_VIDEOS = (".mkv",)
_RAW16_PICTURES = (".png", ".tif", ".tiff")
_RAW16_UNIT = "uint16 grey, 0.01 K per count, 0 at 0 K"
_DISK = "Check the free space and the permissions of the folder."

Image8or16 = npt.NDArray[Any]


class Sink(ABC):
    """Takes frames in order: uint8 HxWx3 RGB for display, uint16 HxW for raw16.

    As a context manager it completes the output at the end of the block, or removes it when the block fails.
    """

    def __init__(self, partial: Partial) -> None:
        self._partial = partial
        self._open = True
        self._empty = True

    def write(self, image: Image8or16, name: str, place: int | None = None) -> None:
        """Add one frame.

        Args:
            image: the frame.
            name: its file name in a folder, without suffix.
            place: its number in the source, or None for the next one. A video keeps the time of frames
                that were dropped, so that it never plays faster than what it shows.

        Raises OutputError when it cannot be written, ClosedError after the end.
        """
        if not self._open:
            raise ClosedError(f"{self._partial.final} is already complete", "Open another sink.")
        self._empty = False
        try:
            self._write(image, name, place)
        except OSError as error:  # PyAV's errors of the system are OSErrors as well
            raise OutputError(f"{self._partial.final} cannot be written: {error}", _DISK) from error

    @abstractmethod
    def _write(self, image: Image8or16, name: str, place: int | None) -> None:
        """Add one frame."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still held back, and close the file."""

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._finish()
            if kind is None and self._empty:
                raise OutputError(f"{self._partial.final} got no frames", "Give a source that has some.")
            if kind is None:
                self._partial.commit()
        except OSError as failure:
            if kind is None:
                raise OutputError(f"{self._partial.final} cannot be completed: {failure}", _DISK) from failure
        finally:
            self._partial.discard()


class VideoSink(Sink):
    """A video of one stream.

    Display is H.264 in yuv420p, which every player shows; a side of odd length gets one more row or column.
    raw16 is FFV1 in gray16le, which is lossless.
    """

    def __init__(self, path: Path, rate: float | None, *, raw16: bool) -> None:
        """Open a video of `rate` frames per second. Raises OutputError or MissingDependency."""
        self._av = import_av()
        super().__init__(Partial(path))
        self._raw16 = raw16
        self._size: tuple[int, int] | None = None
        self._next = 0
        fraction = Fraction(rate or DEFAULT_RATE).limit_denominator(1001)
        self._tick = 1 / fraction
        try:
            self._container = self._av.open(str(self._partial.temporary), "w")
            if raw16:
                self._container.metadata["comment"] = _RAW16_UNIT
                self._stream = self._container.add_stream("ffv1", rate=fraction)
                self._stream.pix_fmt = "gray16le"
            else:
                options = {"crf": "18", "preset": "veryfast"}
                self._stream = self._container.add_stream("libx264", rate=fraction, options=options)
                self._stream.pix_fmt = "yuv420p"
        except (OSError, ValueError) as error:
            self._partial.discard()
            raise OutputError(f"{path} cannot be written: {error}", _DISK) from error

    def _write(self, image: Image8or16, name: str, place: int | None) -> None:
        size = (image.shape[0], image.shape[1])
        if self._size is None:
            self._size = size
            self._stream.height, self._stream.width = (
                size if self._raw16 else (size[0] + size[0] % 2, size[1] + size[1] % 2)
            )
        if size != self._size:
            raise OutputError(
                f"frame {name} is {size[0]}x{size[1]}, the video {self._size[0]}x{self._size[1]}",
                "Write pictures of different sizes into a folder instead.",
            )
        image = image if self._raw16 else pad(image, 2)
        frame = self._av.VideoFrame.from_ndarray(image, format="gray16le" if self._raw16 else "rgb24")
        frame.pts = self._next if place is None else place
        frame.time_base = self._tick
        self._next = frame.pts + 1
        self._container.mux(self._stream.encode(frame))

    def _finish(self) -> None:
        try:
            if self._size is not None:
                self._container.mux(self._stream.encode())
        finally:
            self._container.close()


class PictureSink(Sink):
    """One still picture; a second frame replaces the first."""

    def __init__(self, path: Path) -> None:
        super().__init__(Partial(path))

    def _write(self, image: Image8or16, name: str, place: int | None) -> None:
        save_picture(self._partial.temporary, image)

    def _finish(self) -> None:
        """Nothing is held back."""


class FolderSink(Sink):
    """A folder of PNG files, one a frame, which appears when the last one is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(Partial(path, folder=True))

    def _write(self, image: Image8or16, name: str, place: int | None) -> None:
        save_picture(self._partial.temporary / f"{name}.png", image)

    def _finish(self) -> None:
        """Nothing is held back."""


def save_picture(path: Path, image: Image8or16) -> None:
    """Write uint8 HxWx3, uint8 HxW or uint16 HxW in the format of the suffix."""
    options: dict[str, Any] = {}
    if path.suffix.lower() in (".jpg", ".jpeg"):
        options["quality"] = 95
    elif image.dtype == np.uint16 and path.suffix.lower() == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", _RAW16_UNIT)
    elif image.dtype == np.uint16:
        options["description"] = _RAW16_UNIT
    Image.fromarray(image).save(path, **options)


def open_display_sink(path: str | Path, source: Source) -> Sink:
    """Open an output of uint8 RGB: a video (.mp4, .mkv, .mov), a picture, or, without suffix, a folder.

    source: decides whether one picture is enough, and the rate of a video.

    Raises OutputError for a suffix that does not fit.
    """
    return _open(Path(path), source, _DISPLAY_VIDEOS, _DISPLAY_PICTURES, raw16=False)


def open_raw16_sink(path: str | Path, source: Source) -> Sink:
    """Open an output of uint16 centikelvin: FFV1 (.mkv), 16-bit picture, or, without suffix, a folder.

    source: decides whether one picture is enough, and the rate of a video.

    Raises OutputError for a suffix that does not fit.
    """
    return _open(Path(path), source, _RAW16_VIDEOS, _RAW16_PICTURES, raw16=True)


def _open(
    path: Path, source: Source, videos: tuple[str, ...], pictures: tuple[str, ...], *, raw16: bool
) -> Sink:
    suffix = path.suffix.lower()
    if suffix in videos:
        return VideoSink(path, source.rate, raw16=raw16)
    if suffix in pictures:
        if not source.single:
            raise OutputError(
                f"{path} is one picture, the source has several",
                f"Name a video ({', '.join(videos)}) or a folder.",
            )
        return PictureSink(path)
    if suffix and not path.is_dir():
        raise OutputError(
            f"{path} has a suffix that is not written here",
            f"Use {', '.join((*videos, *pictures))}, or a folder (no suffix).",
        )
    return FolderSink(path)
