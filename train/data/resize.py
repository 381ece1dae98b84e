"""A prepared set at another size, for methods that are compared on small frames."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from train.data.format import Dataset, Sample
from train.data.spec import SPLITS, Box
from train.data.writer import DatasetWriter


def resize_dataset(source: Dataset, out: Path, size: tuple[int, int]) -> Dataset:
    """Write `source` to `out` with every frame at (height, width), whatever its shape was, and open it.

    Colours and temperatures are averaged over areas, ids take the nearest neighbour, boxes are scaled.
    Raises DatasetError when `out` already holds something.
    """
    spec = source.spec
    writer = DatasetWriter(
        out,
        name=spec.name,
        classes=spec.classes,
        thermal=spec.thermal,
        source=spec.source,
        licence=spec.licence,
        maps=spec.maps,
        notes=(*spec.notes, f"resized to {size[1]}x{size[0]}", origin_note(source)),
    )
    with writer:
        for split in SPLITS:
            for stem in source.stems(split):
                _add(writer, split, source, source.sample(stem), size)
    return Dataset.open(out)


def origin_note(source: Dataset) -> str:
    """What a resized set's notes say of the files that it was made from."""
    return f"made of files of the fingerprint {source.fingerprint()}"


def _add(writer: DatasetWriter, split: str, source: Dataset, sample: Sample, size: tuple[int, int]) -> None:
    scale = (size[0] / sample.rgb.shape[0], size[1] / sample.rgb.shape[1])
    writer.add(
        split,
        sample.stem,
        averaged(sample.rgb, size),
        thermal=None if sample.raw_counts is None else averaged(sample.raw_counts, size),
        labels=None if sample.labels is None else nearest(sample.labels, size),
        source_map=None if sample.source_map is None else nearest(sample.source_map, size),
        instances=None if sample.instances is None else nearest(sample.instances, size),
        boxes=None if sample.boxes is None else [_scaled(box, scale) for box in sample.boxes],
        temperatures=sample.temperatures,
        frame=source.spec.frames[sample.stem],
    )


def averaged(picture: npt.NDArray[np.number], size: tuple[int, int]) -> npt.NDArray[np.number]:
    """A picture HxW or HxWxC at (height, width), of the same type."""
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)


def nearest(ids: npt.NDArray[np.integer], size: tuple[int, int]) -> npt.NDArray[np.integer]:
    """A map of ids HxW at (height, width)."""
    return cv2.resize(ids, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def _scaled(box: Box, scale: tuple[float, float]) -> Box:
    return Box(box.name, box.x0 * scale[1], box.y0 * scale[0], box.x1 * scale[1], box.y1 * scale[0])
