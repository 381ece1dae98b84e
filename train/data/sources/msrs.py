"""MSRS: aligned colour and thermal pairs of streets and a campus, by day (`D`) and night (`N`)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import STREET_CLASSES
from train.data import pictures
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.spec import Box, FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

#: The thermal picture lies this many rows lower than the colour picture.
SHIFT_ROWS = 3
#: Names of the YOLO class numbers in boxes/; "bicycle" is no street class and stays a name.
BOX_NAMES = ("person", "bicycle", "car")
PERSON_TRAIN_ID = 11
NUMBERING = "cityscapes-train"


def prepare(src: Path, out: Path) -> None:
    """Write `src` (data/msrs) as a canonical data set to `out`."""
    common.require_folders(src, "rgb", "thermal", "labels_pseudo", "boxes")
    writer = DatasetWriter(
        out,
        name="msrs",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("counts8", 273.15, 0.2, radiometric=False, level="absolute"),
        source="MSRS (github.com/Linfeng-Tang/MSRS), pseudo labels by a Cityscapes network, human boxes",
        licence="none stated; research use only",
        maps=NUMBERING,
        notes=(
            f"thermal is shifted up {SHIFT_ROWS} rows; the {SHIFT_ROWS} rows that enter repeat the last row",
            "maps/ and labels/ hold the human person boxes, filled, at night only",
            "the kelvin scale is nominal: the source's infrared is contrast-enhanced 8-bit",
        ),
    )
    with writer:
        for split, stems in common.read_splits(src).items():
            for stem in stems:
                _add(writer, src, split, stem)


def shift_up(thermal: npt.NDArray[np.uint8], rows: int = SHIFT_ROWS) -> npt.NDArray[np.uint8]:
    """Move a picture up; the rows that enter at the bottom repeat its last row. uint8 HxW."""
    return np.concatenate([thermal[rows:], np.repeat(thermal[-1:], rows, axis=0)])


def read_boxes(path: Path, size: tuple[int, int]) -> list[Box]:
    """YOLO lines `class cx cy w h` (fractions of the frame) as pixel boxes clipped to (height, width)."""
    height, width = size
    boxes = []
    for line in _lines(path):
        try:
            number, cx, cy, w, h = (float(value) for value in line.split())
            name = BOX_NAMES[int(number)]
        except (ValueError, IndexError) as error:
            raise DatasetError(
                f"{path}: {line!r} is no box: {error}", "Write `class cx cy w h`, classes 0..2."
            ) from error
        x0, x1 = (float(np.clip((cx + side * w / 2) * width, 0, width)) for side in (-1, 1))
        y0, y1 = (float(np.clip((cy + side * h / 2) * height, 0, height)) for side in (-1, 1))
        if x0 < x1 and y0 < y1:
            boxes.append(Box(name, x0, y0, x1, y1))
    return boxes


def add_person_boxes(source_map: npt.NDArray[np.uint8], boxes: list[Box]) -> npt.NDArray[np.uint8]:
    """Return a copy of the trainId map with every person box filled; edges round to whole pixels."""
    filled = source_map.copy()
    for box in boxes:
        if box.name == "person":
            filled[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)] = PERSON_TRAIN_ID
    return filled


def _add(writer: DatasetWriter, src: Path, split: str, stem: str) -> None:
    night = stem.endswith("N")
    source_map = common.grey(src / "labels_pseudo" / f"{stem}.png")
    boxes = read_boxes(src / "boxes" / f"{stem}.txt", source_map.shape)
    if night:
        source_map = add_person_boxes(source_map, boxes)
    rgb = src / "rgb" / f"{stem}.jpg"
    pictures.require_mode(rgb, "RGB", source_map.shape)
    writer.add(
        split,
        stem,
        rgb,
        thermal=shift_up(common.grey(src / "thermal" / f"{stem}.png")),
        labels=common.street_labels(source_map, NUMBERING),
        source_map=source_map,
        boxes=boxes,
        frame=FrameSpec(night=night, label_source="pseudo"),
    )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error}", "Every frame has a box file; an empty one means none."
        ) from error
    return [line for line in text.splitlines() if line.strip()]
