"""What the sources share: reading their folders with errors that name the file, and mapping their labels."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import STREET_CLASSES, table
from train.data import pictures
from train.data.errors import DatasetError
from train.data.spec import read_json

#: What the colour frames of sets in folders are called.
COLOUR_SUFFIXES = (".jpg", ".jpeg", ".png")


def require_folders(src: Path, *names: str) -> None:
    """Raise DatasetError unless src holds all these folders."""
    for name in names:
        if not (src / name).is_dir():
            raise DatasetError(
                f"{src / name} is no folder", "Name the folder of the source set itself, e.g. data/msrs."
            )


def require_size(path: Path, array: npt.NDArray[np.generic], size: tuple[int, int]) -> None:
    """Raise DatasetError unless what `path` holds has its colour frame's (height, width)."""
    if array.shape != size:
        raise DatasetError(
            f"{path} is {array.shape[1]}x{array.shape[0]}, its colour frame is {size[1]}x{size[0]}",
            "All files of one stem share one size.",
        )


def read_splits(src: Path) -> dict[str, list[str]]:
    """Read the source's splits.json: {split: [stem, ...]}."""
    splits: Any = read_json(src / "splits.json")
    return {split: list(stems) for split, stems in splits.items()}


def grey(path: Path) -> npt.NDArray[np.uint8]:
    """Read a picture as uint8 HxW; a three-channel grey picture gives its luma."""
    pixels = pictures.read(path)
    if pixels.ndim == 3:
        weights = np.array([0.299, 0.587, 0.114])
        pixels = np.rint(pixels[..., :3] @ weights).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise DatasetError(f"{path} is {pixels.dtype}, expected 8-bit", "Convert the file to 8-bit grey.")
    return pixels


def street_labels(source_map: npt.NDArray[np.uint8], numbering: str) -> npt.NDArray[np.uint8]:
    """Source ids to street class ids, 255 where the table says void. uint8 HxW to uint8 HxW."""
    return table(numbering).lookup(STREET_CLASSES)[source_map]
