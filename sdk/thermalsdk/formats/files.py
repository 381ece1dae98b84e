"""Thermal images to files and back, by the suffix of the name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from thermalsdk.errors import FormatError, OutputError
from thermalsdk.formats import ffv1, npz, png, tiff
from thermalsdk.formats.thermal_image import ThermalImage
from thermalsdk.partial import write_whole
from thermalsdk.video.picture_source import is_hidden, natural_order

_SAVERS: dict[str, Callable[[Path, ThermalImage], None]] = {
    ".png": png.save,
    ".tif": tiff.save,
    ".tiff": tiff.save,
    ".npz": npz.save,
}
_LOADERS: dict[str, Callable[[Path], ThermalImage]] = {
    ".png": png.load,
    ".tif": tiff.load,
    ".tiff": tiff.load,
    ".npz": npz.load,
}
_FRAME_LOADERS: dict[str, Callable[[Path], Iterator[ThermalImage]]] = {
    ".mkv": ffv1.load_frames,
    ".npz": npz.load_frames,
}
STILL_SUFFIXES = tuple(_SAVERS)


def save_still(path: Path, image: ThermalImage) -> None:
    """Write one image in the format of the suffix, one of STILL_SUFFIXES. Raises OSError."""
    _SAVERS[path.suffix.lower()](path, image)


def write_thermal(path: str | Path, image: ThermalImage) -> None:
    """Write one image as .png, .tif or .npz, complete or not at all. Raises OutputError."""
    path = Path(path)
    if path.suffix.lower() not in STILL_SUFFIXES:
        raise OutputError(f"{path} has a suffix that is not written here", f"Use {_names(STILL_SUFFIXES)}.")
    write_whole(path, lambda temporary: save_still(temporary, image))


def read_thermal(path: str | Path) -> ThermalImage:
    """Read one image from .png, .tif or .npz.

    Raises FormatError when the file is absent, damaged, or was not written by thermalsdk.
    """
    path = Path(path)
    if path.suffix.lower() not in _LOADERS:
        raise FormatError(
            f"{path} is no still thermal image",
            f"Stills end in {_names(STILL_SUFFIXES)}; read_thermal_frames reads folders and videos (.mkv).",
        )
    try:
        return _LOADERS[path.suffix.lower()](path)
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


def read_thermal_frames(path: str | Path) -> Iterator[ThermalImage]:
    """Read the frames of a .mkv or .npz in order, or of a folder of stills in natural order of names.

    One frame is in memory at a time. Raises FormatError as `read_thermal` does and for a folder without them,
    VideoError for a video that is damaged or cut short, MissingDependency for a video without PyAV.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(f"there is no file or folder {path}", "Check the path.")
    if path.is_dir():
        for still in _stills(path):
            yield read_thermal(still)
    elif path.suffix.lower() in _FRAME_LOADERS:
        try:
            yield from _FRAME_LOADERS[path.suffix.lower()](path)
        except _DAMAGE as error:
            raise _unreadable(path, error) from error
    else:
        yield read_thermal(path)


def _stills(folder: Path) -> list[Path]:
    try:
        entries = [entry for entry in folder.iterdir() if not is_hidden(Path(entry.name))]
    except OSError as error:
        raise _unreadable(folder, error) from error
    stills = natural_order(entry for entry in entries if entry.suffix.lower() in _LOADERS)
    if not stills:
        raise FormatError(
            f"the folder {folder} holds no thermal images", f"They end in {_names(STILL_SUFFIXES)}."
        )
    return stills


#: What the libraries raise for files that are absent, damaged, or something else.
_DAMAGE = (OSError, ValueError, KeyError, SyntaxError, EOFError, zipfile.BadZipFile)


def _unreadable(path: Path, error: Exception) -> FormatError:
    return FormatError(f"{path} cannot be read: {error}", "Check the path, or copy the file again.")


def _names(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes)
