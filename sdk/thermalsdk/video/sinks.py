"""What outputs have in common: frames in order, and complete or absent at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from thermalsdk.errors import ClosedError, OutputError
from thermalsdk.partial import DISK, Partial
from thermalsdk.video.picture_source import PICTURE_SUFFIXES
from thermalsdk.video.source import Source

Image = TypeVar("Image")


class Sink(ABC, Generic[Image]):
    """Takes frames in order: uint8 HxWx3 RGB for display, ThermalImage for temperatures.

    As a context manager it completes the output at the end of the block, or removes it when the block fails.
    """

    def __init__(self, partial: Partial) -> None:
        self._partial = partial
        self._open = True
        self._empty = True

    def write(self, image: Image, name: str, place: int | None = None) -> None:
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
        try:
            self._write(image, name, place)
        except OSError as error:  # PyAV's errors of the system are OSErrors as well
            raise OutputError(f"{self._partial.final} cannot be written: {error}", DISK) from error
        self._empty = False

    @abstractmethod
    def _write(self, image: Image, name: str, place: int | None) -> None:
        """Add one frame."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still held back, and close the file."""

    def __enter__(self) -> Sink[Image]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._open:
            return
        self._open = False
        try:
            if kind is None:
                self._complete()
            else:
                with suppress(Exception):  # what went wrong before matters more
                    self._finish()
        finally:
            self._partial.discard()

    def _complete(self) -> None:
        try:
            self._finish()
            if self._empty:
                raise OutputError(f"{self._partial.final} got no frames", "Give a source that has some.")
            self._partial.commit()
        except OSError as failure:
            raise OutputError(f"{self._partial.final} cannot be completed: {failure}", DISK) from failure


class StillSink(Sink[Image]):
    """One still picture; a second frame replaces the first."""

    def __init__(self, path: Path, save: Callable[[Path, Image], None]) -> None:
        """Write to `path` with `save`, which takes a path and an image and may raise OSError."""
        super().__init__(Partial(path))
        self._save = save

    def _write(self, image: Image, name: str, place: int | None) -> None:
        self._save(self._partial.temporary, image)

    def _finish(self) -> None:
        """Nothing is held back."""


class FolderSink(Sink[Image]):
    """A folder of PNG files, one a frame, which appears when the last one is written."""

    def __init__(self, path: Path, save: Callable[[Path, Image], None]) -> None:
        """Write into the folder `path` with `save`, which takes a path and an image and may raise OSError."""
        super().__init__(Partial(path, folder=True))
        self._save = save

    def _write(self, image: Image, name: str, place: int | None) -> None:
        self._save(self._partial.temporary / f"{name}.png", image)

    def _finish(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True)
class Outputs(Generic[Image]):
    """The files that one kind of image can go to.

    Args:
        streams: by suffix, what opens a file that takes any number of frames: path and frames per second.
        stills: suffixes of files that take one frame.
        save_still: writes one of them, and the PNG files of a folder.
    """

    streams: Mapping[str, Callable[[Path, float | None], Sink[Image]]]
    stills: tuple[str, ...]
    save_still: Callable[[Path, Image], None]

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of all files."""
        return tuple(dict.fromkeys((*self.streams, *self.stills)))

    def open(self, path: Path, source: Source) -> Sink[Image]:
        """Open the sink that path and source ask for. Raises OutputError where they do not fit."""
        suffix = path.suffix.lower()
        if source.single and suffix in self.stills:
            return StillSink(path, self.save_still)
        if suffix in self.streams:
            return self.streams[suffix](path, source.rate)
        if suffix in self.stills:
            kind = "has several" if source.clock == "none" else "is read as a video"
            raise OutputError(
                f"{path} is one picture, the source {kind}",
                f"Name one of {', '.join(self.streams)}, or a folder. Source pictures end in "
                f"{', '.join(PICTURE_SUFFIXES)}.",
            )
        if suffix and not path.is_dir():
            raise OutputError(
                f"{path} has a suffix that is not written here",
                f"Use {', '.join(self.suffixes)}, or a folder (no suffix).",
            )
        return FolderSink(path, self.save_still)
