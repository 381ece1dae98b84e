"""Still pictures and folders of them, read with Pillow."""

from __future__ import annotations

import functools
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from thermalsdk.errors import VideoError
from thermalsdk.video.source import MAY_NOT_READ, ClockKind, SourceFrame

_LOG = logging.getLogger("thermalsdk")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
#: Levels below a folder in which pictures are looked for that are left out: a home folder has too many.
_DEPTH = 2
#: How Pillow's modes of 16 and 32 bits begin: as RGB they would be clipped.
_DEEP_MODES = ("I", "F")
#: EXIF's tag of how a camera was held, and its values for a camera on its side.
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)


class PictureSource:
    """One picture, or every picture of a folder in natural order of names. Implements `Source`.

    Attributes:
        paths: the pictures, in order.
    """

    clock: ClockKind = "none"
    rate: float | None = None

    def __init__(self, path: str | Path) -> None:
        """Find the pictures; each is read when its turn comes. Raises VideoError where there is none."""
        path = Path(path)
        self.paths = list_pictures(path) if path.is_dir() else [path]
        if not path.exists():
            raise VideoError(f"there is no file {path}", "Check the path.")
        if not self.paths:
            raise _empty(path)
        if same := first_of_one_name(self.paths, lambda path: path.stem):
            raise VideoError(
                f"{same[0].name} and {same[1].name} would have outputs of the same name",
                "Rename one of them.",
            )
        self.count: int | None = len(self.paths)
        self.single = not path.is_dir()
        if not self.single:
            _warn_of_subfolders(path)

    def __iter__(self) -> Iterator[SourceFrame]:
        for index, path in enumerate(self.paths):
            yield SourceFrame(read_picture(path), index, None, path.stem, files=(path,))

    def close(self) -> None:
        """Nothing stays open between pictures."""


def list_pictures(folder: Path) -> list[Path]:
    """Pictures of a folder in natural order: frame2 comes before frame10; names with a dot first are hidden.

    Raises VideoError.
    """
    try:
        return natural_order(path for path in folder.iterdir() if _is_shown(Path(path.name)))
    except OSError as error:
        raise VideoError(
            f"the folder {folder} cannot be read: {error}", "Check its permissions: ls -ld FOLDER."
        ) from error


def is_picture(path: Path) -> bool:
    """Whether the suffix is that of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_hidden(path: Path) -> bool:
    """Whether a part of a path begins with a dot, as what macOS adds to every file of a memory card does."""
    return any(part.startswith(".") for part in path.parts)


def _is_shown(path: Path) -> bool:
    return is_picture(path) and not is_hidden(path)


def _first_below(folder: Path) -> Path | None:
    """A picture in a subfolder, as a path below the folder; deeper ones are not looked for."""
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        folders[:] = [] if len(below.parts) == _DEPTH else sorted(n for n in folders if n[0] != ".")
        found = next((name for name in sorted(files) if below.parts and _is_shown(Path(name))), None)
        if found is not None:
            return below / found
    return None


def _empty(folder: Path) -> VideoError:
    below = _first_below(folder)
    if below is None:
        return VideoError(
            f"the folder {folder} holds no pictures", f"Pictures end in {', '.join(PICTURE_SUFFIXES)}."
        )
    return VideoError(
        f"the folder {folder} holds pictures in subfolders only, such as {below}",
        "Name one of those, or convert them all: thermalsdk run --format folder.",
    )


@functools.cache
def _warn_of_subfolders(folder: Path) -> None:
    """Once a folder: a viewer opens it again and again."""
    below = _first_below(folder)
    if below is not None:
        _LOG.warning(
            "%s: pictures in subfolders, such as %s, are left out; --format folder takes them", folder, below
        )


def first_of_one_name(paths: Iterable[Path], name: Callable[[Path], str]) -> tuple[Path, Path] | None:
    """The first two pictures whose outputs would have the same name, or None."""
    by_name: dict[str, Path] = {}
    for path in paths:
        former = by_name.setdefault(name(path), path)
        if former is not path:
            return former, path
    return None


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """Paths sorted as people count, folder by folder."""
    return sorted(paths, key=lambda path: [_natural(part) for part in path.parts])


def _natural(name: str) -> list[int | str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Upright uint8 HxWx3 of any picture that Pillow reads. Raises VideoError."""
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith(_DEEP_MODES):
                raise VideoError(
                    f"{path} holds values of more than 8 bits (mode {picture.mode!r})",
                    "Convert it to an 8-bit colour picture.",
                )
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


def read_size(path: Path) -> tuple[int, int]:
    """(H, W) of what `read_picture` would return, without decoding the picture. Raises VideoError."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            sideways = picture.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    return (width, height) if sideways else (height, width)


def _unreadable(path: Path, error: Exception) -> VideoError:
    hint = MAY_NOT_READ if isinstance(error, PermissionError) else "Copy it again, or leave it out."
    return VideoError(f"{path} cannot be read as a picture: {error}", hint)
