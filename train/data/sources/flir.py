"""Radiometric JPEGs of FLIR cameras (R-JPEG): temperatures and, where the camera has one, the colour picture.

Read by the library flyr. Every .jpg under SRC is a frame; one without a visible picture is left out. Whether
the two pictures show the same view, a person must check.
"""

import logging
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from thermalsdk.errors import MissingDependency
from thermalsdk.labels import STREET_CLASSES
from train.data.errors import DatasetError
from train.data.sources.temperatures import centikelvin
from train.data.spec import FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

logger = logging.getLogger(__name__)

VALIDATION_EVERY = 10


def prepare(src: Path, out: Path) -> None:
    """Write the R-JPEGs below `src` as a canonical data set to `out`, at the thermal picture's size.

    Raises DatasetError when none of them holds both pictures, MissingDependency without flyr.
    """
    paths = sorted(path for path in src.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    frames = [(path, frame) for path in paths if (frame := read_frame(path)) is not None]
    if not frames:
        raise DatasetError(
            f"{src} is no folder of radiometric JPEGs with visible pictures", "Name a folder of FLIR R-JPEGs."
        )
    writer = DatasetWriter(
        out,
        name="flir",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True),
        source=f"FLIR R-JPEGs of {src.name}",
        licence="the owner's of the pictures",
        notes=("visible and thermal pictures of a hand camera are not aligned to the pixel",),
    )
    with writer:
        for index, (path, (rgb, kelvin)) in enumerate(frames):
            split = "val" if index % VALIDATION_EVERY == VALIDATION_EVERY - 1 else "train"
            stem = "_".join(path.relative_to(src).with_suffix("").parts)
            writer.add(split, stem, rgb, thermal=centikelvin(kelvin), frame=FrameSpec())


def read_frame(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]] | None:
    """Colours uint8 HxWx3 and kelvin float64 HxW of one R-JPEG; None, with a log line, without either."""
    flyr = _flyr()
    try:
        thermogram = flyr.unpack(str(path))
        optical = thermogram.optical
    except Exception as error:  # flyr raises whatever a damaged file makes it do
        logger.info("%s is left out: %s", path, error or type(error).__name__)
        return None
    if optical is None:
        logger.info("%s is left out: it holds no visible picture", path)
        return None
    kelvin = np.asarray(thermogram.kelvin, np.float64)
    rgb = cv2.resize(np.asarray(optical, np.uint8)[..., :3], kelvin.shape[::-1], interpolation=cv2.INTER_AREA)
    return rgb, kelvin


def _flyr():
    try:
        import flyr
    except ImportError as error:
        raise MissingDependency(
            f"reading R-JPEGs needs flyr, which cannot be imported: {error}", "pip install flyr"
        ) from error
    return flyr
