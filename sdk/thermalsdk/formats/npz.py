"""NumPy's archive: one uint8 or uint16 array an image, and the header as `header.json`.

A still has the array `counts`; the frames of a stream have their names. Nothing in it is pickled.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from thermalsdk.errors import FormatError
from thermalsdk.formats.header import CommonHeader, header_of, image_of
from thermalsdk.formats.thermal_image import Counts, ThermalImage
from thermalsdk.partial import Partial
from thermalsdk.video.sinks import Sink

_HEADER = "header.json"
_STILL = "counts"


class ArchiveSink(Sink[ThermalImage]):
    """One array a frame, written as they come. Frames may differ in size, and share one header."""

    def __init__(self, path: Path, rate: float | None) -> None:
        """Open an archive; it has no use for `rate`, the frames per second."""
        super().__init__(Partial(path))
        self._header = CommonHeader()
        self._archive = zipfile.ZipFile(self._partial.temporary, "w")

    def _write(self, image: ThermalImage, name: str, place: int | None) -> None:
        header = self._header.of(image)
        if not self._archive.filelist:
            self._archive.writestr(_HEADER, header)
        _write_array(self._archive, name, image.counts)

    def _finish(self) -> None:
        self._archive.close()


def save(path: Path, image: ThermalImage) -> None:
    """Write a still. Raises OSError."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_HEADER, header_of(image))
        _write_array(archive, _STILL, image.counts)


def load(path: Path) -> ThermalImage:
    """Read a still. Raises FormatError, or what NumPy and zipfile raise for a damaged file."""
    with _opened(path) as archive:
        header = _header(archive)
        if header is not None and _STILL not in archive.files:
            raise FormatError(
                f"{path} holds the frames of a stream",
                "Read them with read_thermal_frames(FILE); a folder of stills holds one picture a file.",
            )
        return image_of(archive[_STILL], header, str(path))


def load_frames(path: Path) -> Iterator[ThermalImage]:
    """Read every image in the order of writing. Raises as `load` does."""
    with _opened(path) as archive:
        header = _header(archive)
        for name in archive.files:
            if name != _HEADER:
                yield image_of(archive[name], header, str(path))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):  # NumPy reads a bare array, too
            raise zipfile.BadZipFile("it is no archive")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            yield archive


def _write_array(archive: zipfile.ZipFile, name: str, counts: Counts) -> None:
    """Add one array, as numpy.savez does."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, counts, allow_pickle=False)


def _header(archive: Any) -> str | None:
    return archive[_HEADER].decode() if _HEADER in archive.files else None
