"""Pictures on disk: header checks that cost no decoding, full reads, and atomic writes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from thermalsdk.partial import write_whole
from train.data.errors import DatasetError

#: Pillow's name of each pixel layout that the data set format knows, and how to say it.
MODES = {"RGB": "8-bit RGB", "L": "8-bit grey", "I;16": "16-bit grey"}


def header(path: Path) -> tuple[str, tuple[int, int]]:
    """Pillow mode and (height, width) of a picture, read from its header only.

    Raises DatasetError when the file is missing or is no picture.
    """
    try:
        with Image.open(path) as picture:
            return picture.mode, (picture.height, picture.width)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is missing", "Restore the file, or remove its stem from dataset.json."
        ) from error
    except (OSError, UnidentifiedImageError) as error:
        raise DatasetError(f"{path} is not a readable picture: {error}", "Write the file again.") from error


def require_mode(path: Path, mode: str, size: tuple[int, int] | None = None) -> tuple[int, int]:
    """Check mode and, when given, (height, width) of a picture; returns its (height, width)."""
    found, found_size = header(path)
    if found != mode:
        raise DatasetError(
            f"{path} is {MODES.get(found, found)}, expected {MODES[mode]}",
            f"Convert the file to {MODES[mode]}.",
        )
    if size is not None and found_size != size:
        raise DatasetError(
            f"{path} is {found_size[1]}x{found_size[0]}, its colour frame is {size[1]}x{size[0]}",
            "All pictures of one stem share one size: resample the file (label maps by nearest neighbour).",
        )
    return found_size


def read(path: Path) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Decode a picture: uint8 HxWx3, uint8 HxW or uint16 HxW by its mode. Raises DatasetError."""
    try:
        with Image.open(path) as picture:
            return np.array(picture)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is missing", "Restore the file, or remove its stem from dataset.json."
        ) from error
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise DatasetError(
            f"{path} is truncated or damaged: {error}",
            "Write the file again, or run `python -m train prepare` anew.",
        ) from error


def write_png(path: Path, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
    """Write uint8 or uint16 pixels as PNG; the file is complete or absent."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    write_whole(path, lambda partial: image.save(partial, format="PNG", compress_level=1))
