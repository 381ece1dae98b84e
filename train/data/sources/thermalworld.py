"""ThermalWorld VOC: colour, class and object maps, temperatures, in the layout of PASCAL VOC.

SRC/ColorImages (or JPEGImages), SRC/SegmentationClass, SRC/SegmentationObject, SRC/ThermalImages, one file
per stem; SRC/ImageSets/Segmentation/{train,val,test}.txt name the splits (absent: every tenth frame is for
validation).
The original downloads are gone (vlkniaz/ThermalGAN#8); copies and data sets of the same layout remain.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import STREET_CLASSES, table
from train.data import pictures
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.sources.temperatures import centikelvin, find_temperatures, read_kelvin
from train.data.spec import SPLITS, FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

NUMBERING = "thermalworld"
COLOUR_FOLDERS = ("ColorImages", "JPEGImages")
#: Every n-th frame is validation where no list of splits is there.
VALIDATION_EVERY = 10
#: White edges of SegmentationObject belong to no object.
EDGE = 255


def prepare(src: Path, out: Path) -> None:
    """Write `src` (a folder in this layout) as a canonical data set to `out`."""
    common.require_folders(src, "SegmentationClass", "SegmentationObject", "ThermalImages")
    colours = _colour_folder(src)
    writer = DatasetWriter(
        out,
        name="thermalworld",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True),
        source="ThermalWorld VOC (Kniaz et al. 2018), or a set in its layout",
        licence="none stated; research use only",
        maps=NUMBERING,
    )
    with writer:
        for split, stems in _splits(src, colours).items():
            for stem in stems:
                _add(writer, src, colours, split, stem)


def object_temperatures(
    kelvin: npt.NDArray[np.floating], instances: npt.NDArray[np.uint16]
) -> dict[int, float]:
    """Mean temperature of each object by its id (paper, section 3.1, change 2); 0 is no object."""
    areas = np.bincount(instances.ravel())
    sums = np.bincount(instances.ravel(), kelvin.ravel())
    return {int(i): float(sums[i] / areas[i]) for i in np.flatnonzero(areas) if i != 0}


def _add(writer: DatasetWriter, src: Path, colours: Path, split: str, stem: str) -> None:
    rgb = _colour(colours, stem)
    size = pictures.require_mode(rgb, "RGB")
    classes = _map(src / "SegmentationClass" / f"{stem}.png", size)
    instances = _map(src / "SegmentationObject" / f"{stem}.png", size).astype(np.uint16)
    instances[instances == EDGE] = 0
    path = find_temperatures(src / "ThermalImages", stem)
    kelvin = read_kelvin(path)
    common.require_size(path, kelvin, size)
    writer.add(
        split,
        stem,
        rgb,
        thermal=centikelvin(kelvin),
        labels=table(NUMBERING).lookup(STREET_CLASSES)[classes],
        source_map=classes,
        instances=instances,
        temperatures=object_temperatures(kelvin, instances),
        frame=FrameSpec(label_source="true"),
    )


def _map(path: Path, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Ids of a grey or palette picture (VOC saves palettes; the index is the id)."""
    ids = pictures.read(path)
    if ids.dtype != np.uint8 or ids.ndim != 2:
        raise DatasetError(f"{path} is no map of ids", "Save 8-bit grey or palette, the id as its value.")
    common.require_size(path, ids, size)
    return ids


def _colour_folder(src: Path) -> Path:
    for name in COLOUR_FOLDERS:
        if (src / name).is_dir():
            return src / name
    raise DatasetError(f"{src} has no {' or '.join(COLOUR_FOLDERS)}", "Name the folder that holds them.")


def _colour(folder: Path, stem: str) -> Path:
    for suffix in common.COLOUR_SUFFIXES:
        if (folder / f"{stem}{suffix}").exists():
            return folder / f"{stem}{suffix}"
    raise DatasetError(f"{folder} has no picture of {stem}", "Restore it, or take the stem off the list.")


def _splits(src: Path, colours: Path) -> dict[str, list[str]]:
    lists = {split: src / "ImageSets" / "Segmentation" / f"{split}.txt" for split in SPLITS}
    if any(path.exists() for path in lists.values()):
        return {split: path.read_text().split() for split, path in lists.items() if path.exists()}
    stems = sorted(path.stem for path in colours.iterdir() if path.suffix in common.COLOUR_SUFFIXES)
    validation = stems[VALIDATION_EVERY - 1 :: VALIDATION_EVERY]
    return {"train": [stem for stem in stems if stem not in validation], "val": validation}
