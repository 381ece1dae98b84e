"""Crops of single objects (car, person, bicycle) from FLIR ADAS pairs, by day and night."""

from pathlib import Path

from thermalsdk.labels import STREET_CLASSES
from train.data import pictures
from train.data.errors import DatasetError
from train.data.sources import common, roadscene
from train.data.spec import Box, FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

OBJECTS = ("car", "person", "bicycle")
#: Crops of these source frames, the stretch that RoadScene's validation frames come from and 20 frames on
#: either side, are the validation split: no neighbour of a RoadScene validation frame is trained on.
VAL_FRAMES = range(5494, 6681)


def prepare(src: Path, out: Path) -> None:
    """Write `src` (data/flir_crops) as a canonical data set to `out`."""
    folders = [f"{time}/{name}" for time in ("day", "night") for name in OBJECTS]
    common.require_folders(src, *(f"{kind}/{folder}" for kind in ("rgb", "thermal") for folder in folders))
    writer = DatasetWriter(
        out,
        name="flir_crops",
        classes=STREET_CLASSES,
        # Crops lose the spread of their frame, so they take the scale of the frames of the same camera.
        thermal=ThermalSpec("counts8", 273.15, roadscene.KELVIN_PER_COUNT, level="per-frame-gain"),
        source="object crops after FLIR ADAS",
        licence="carrier Apache-2.0; FLIR ADAS terms; research use only",
        notes=("one object fills each frame: its box in boxes.json is the whole frame", "no class maps"),
    )
    with writer:
        for folder in folders:
            paths = sorted((src / "rgb" / folder).glob("*.jpg"))
            if not paths:
                raise DatasetError(f"{src / 'rgb' / folder} holds no .jpg", "Restore the source folder.")
            for path in paths:
                _add(writer, path, src / "thermal" / folder / f"{path.stem}.jpeg", folder)


def _add(writer: DatasetWriter, rgb: Path, thermal: Path, folder: str) -> None:
    time, name = folder.split("/")
    height, width = pictures.require_mode(rgb, "RGB")
    writer.add(
        "val" if _frame_number(rgb) in VAL_FRAMES else "train",
        rgb.stem,
        rgb,
        thermal=common.grey(thermal),
        boxes=[Box(name, 0, 0, width, height)],
        frame=FrameSpec(night=time == "night"),
    )


def _frame_number(path: Path) -> int:
    try:
        return int(path.stem.split("_")[0])
    except ValueError as error:
        raise DatasetError(f"{path} is not named FRAME_OBJECT", "Keep the source's file names.") from error
