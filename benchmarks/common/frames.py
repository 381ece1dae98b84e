"""Frames to measure on: procedural scenes, or the validation frames of a prepared dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from thermalsdk.labels import VOID
from thermalsdk.scenes import HELD_OUT, StreetScene

if TYPE_CHECKING:
    from train.data import Sample

#: A processing resolution above any frame's: the networks see all of its pixels.
WHOLE = 1 << 20
#: Colour frame uint8 HxWx3 and its class map uint8 HxW.
Case = tuple[np.ndarray, np.ndarray]


def load_cases(data: Path | None, count: int, size: tuple[int, int]) -> list[Case]:
    """At most `count` frames of (height, width), of the dataset in `data` or, without one, of scenes."""
    cases = _scenes(count) if data is None else _validation(data, count)
    return [(resized(rgb, size, Image.Resampling.BILINEAR), resized(labels, size)) for rgb, labels in cases]


def resized(
    image: np.ndarray, size: tuple[int, int], filter_: Image.Resampling = Image.Resampling.NEAREST
) -> np.ndarray:
    """The image at (height, width); it is the same one where it already fits."""
    return (
        image if image.shape[:2] == size else np.asarray(Image.fromarray(image).resize(size[::-1], filter_))
    )


def validation_samples(root: Path, count: int) -> list[Sample]:
    """At most `count` samples of a dataset's validation frames, spread over all of them."""
    from train.data import Dataset, spread

    dataset = Dataset.open(root)
    return [dataset.sample(stem) for stem in spread(dataset.stems("val"), count)]


def _scenes(count: int) -> list[Case]:
    scenes = [StreetScene(HELD_OUT + seed, 480, 640) for seed in range(4)]
    frames = [scenes[i % 4].render(0.2 * (i // 4)) for i in range(count)]
    return [(frame.rgb, frame.labels) for frame in frames]


def _validation(root: Path, count: int) -> list[Case]:
    samples = validation_samples(root, count)
    return [(s.rgb, np.where(s.labels == VOID, 0, s.labels).astype(np.uint8)) for s in samples]
