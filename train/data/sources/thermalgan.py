"""ThermalGAN's folders: colour, temperatures, and each object's mean temperature painted over it.

SRC/{train,test}/TV/STEM.jpg, IR_32/STEM.npy (float32, °C), LABEL_TEMP/STEM.npy (float32, °C). The layout has
no class map: an object is an area of one temperature in LABEL_TEMP, and its class is unknown.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.compositing import connected_components
from thermalsdk.labels import STREET_CLASSES
from train.data import pictures
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.sources.temperatures import centikelvin, read_kelvin
from train.data.sources.thermalworld import object_temperatures
from train.data.spec import FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

#: Its phase to our split: it has no validation phase, and methods are compared on `val`.
PHASES = {"train": "train", "test": "val"}
FOLDERS = ("TV", "IR_32", "LABEL_TEMP")
#: Means are told apart to 0.01 K: resampled maps differ in the last bits within one object.
_STEPS_PER_KELVIN = 100


def prepare(src: Path, out: Path) -> None:
    """Write `src` (the folder that holds train/ and test/) as a canonical data set to `out`."""
    phases = [phase for phase in PHASES if (src / phase).is_dir()]
    if not phases:
        raise DatasetError(f"{src} is no folder that holds train or test", "Name the folder that holds them.")
    common.require_folders(src, *(f"{phase}/{folder}" for phase in phases for folder in FOLDERS))
    writer = DatasetWriter(
        out,
        name="thermalgan",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True),
        source="a set in the layout of vlkniaz/ThermalGAN",
        licence="none stated; research use only",
        notes=("instances/ are areas of one temperature in LABEL_TEMP; their classes are unknown",),
    )
    with writer:
        for phase in phases:
            for path in sorted((src / phase / "TV").iterdir()):
                if path.suffix in common.COLOUR_SUFFIXES:
                    _add(writer, src / phase, PHASES[phase], path)


def objects_of(label_kelvin: npt.NDArray[np.floating]) -> npt.NDArray[np.uint16]:
    """Number the connected areas of one temperature from 1 on: float HxW in kelvin to uint16 HxW."""
    _, levels = np.unique(np.rint(label_kelvin * _STEPS_PER_KELVIN), return_inverse=True)
    levels = levels.reshape(label_kelvin.shape)
    if levels.max() > np.iinfo(np.uint8).max:
        raise DatasetError(
            f"{levels.max() + 1} different temperatures are no map of objects",
            "LABEL_TEMP holds one mean per object; resample it by nearest neighbour.",
        )
    objects, count = connected_components(levels.astype(np.uint8))
    if count > np.iinfo(np.uint16).max - 1:
        raise DatasetError(f"{count} areas are no objects", "LABEL_TEMP holds one mean per object.")
    return (objects + 1).astype(np.uint16)


def _add(writer: DatasetWriter, phase: Path, split: str, rgb: Path) -> None:
    size = pictures.require_mode(rgb, "RGB")
    paths = [phase / folder / f"{rgb.stem}.npy" for folder in ("IR_32", "LABEL_TEMP")]
    kelvin, means = (read_kelvin(path) for path in paths)
    for path, array in zip(paths, (kelvin, means), strict=True):
        common.require_size(path, array, size)
    try:
        instances = objects_of(means)
    except DatasetError as error:
        raise DatasetError(f"{paths[1]}: {error.message}", error.hint) from error
    writer.add(
        split,
        rgb.stem,
        rgb,
        thermal=centikelvin(kelvin),
        instances=instances,
        temperatures=object_temperatures(kelvin, instances),
        frame=FrameSpec(),
    )
