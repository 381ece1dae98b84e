"""COCO's annotations of a picture that has another size than it was annotated in.

Boxes, polygons and key points keep their place as a share of the picture; run-length encoded masks are
resized by nearest neighbours. Fields: https://cocodataset.org/#format-data; the compressed form of `counts`
is that of pycocotools (cocoapi, common/maskApi.c, rleFrString).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Digits of a scaled coordinate, in pixels.
_DIGITS = 3
#: Characters of compressed counts: five bits each, least first, above this one.
_ZERO = 48

Size = tuple[int, int]


def scale_annotation(annotation: dict[str, Any], before: Size, after: Size) -> None:
    """Change an entry of COCO's `annotations` in place; sizes are (H, W) of its picture."""
    down, across = after[0] / before[0], after[1] / before[1]
    if "bbox" in annotation:
        annotation["bbox"] = _scaled(annotation["bbox"], (across, down))
    if "area" in annotation:
        annotation["area"] = round(annotation["area"] * across * down, _DIGITS)
    if "keypoints" in annotation:
        annotation["keypoints"] = _scaled(annotation["keypoints"], (across, down, 1))
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        annotation["segmentation"] = _resized(segmentation, after)
    elif segmentation:
        annotation["segmentation"] = [_scaled(polygon, (across, down)) for polygon in segmentation]


def _scaled(values: Sequence[float], factors: Sequence[float]) -> list[float]:
    """Values that take the factors in turn: x, y, x, y, ..."""
    pairs = zip(values, [*factors] * len(values), strict=False)
    return [value if factor == 1 else round(value * factor, _DIGITS) for value, factor in pairs]


def _resized(encoded: dict[str, Any], size: Size) -> dict[str, Any]:
    """A mask in runs of pixels down the columns, of another size; its counts become a list."""
    height, width = encoded["size"]
    counts = encoded["counts"]
    runs = _decompressed(counts) if isinstance(counts, str) else counts
    mask = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.uint8).reshape(width, height)
    resized = np.asarray(Image.fromarray(mask).resize((size[0], size[1]), Image.Resampling.NEAREST))
    return {"size": list(size), "counts": _runs(resized.ravel())}


def _runs(mask: npt.NDArray[np.uint8]) -> list[int]:
    """Lengths of runs of 0, 1, 0, ..., of which the first may be empty."""
    changes = np.flatnonzero(np.diff(mask)) + 1
    lengths = np.diff(np.concatenate(([0], changes, [mask.size])))
    return [int(length) for length in ([0, *lengths] if mask[0] else lengths)]


def _decompressed(text: str) -> list[int]:
    counts: list[int] = []
    value = shift = 0
    for character in text.encode("ascii"):
        digit = character - _ZERO
        value |= (digit & 0x1F) << shift
        shift += 5
        if digit & 0x20:  # more digits follow
            continue
        if digit & 0x10:  # negative
            value -= 1 << shift
        # From the fourth on, counts are differences to the one two before.
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts
