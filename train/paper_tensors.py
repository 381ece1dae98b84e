"""The paper's input tensors of one frame (section 3.1): maps with white edges, R, temperatures, contrast.

The preparation as the paper describes it, for whoever reproduces the paper on a prepared set. Nothing here is
trained on it: presets and `compare` draw windows (`train.thermal_batch`) and derive the same tensors on the
device (`train.methods.inputs`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thermalsdk.compositing import connected_components
from thermalsdk.labels import VOID
from train.composition import class_edges, object_means, one_hot
from train.data import DatasetError, Sample

#: Sides that a frame is resized to before the crop; at another crop size they scale along.
RESIZED_SIDES = (380, 480)
CROP = 512
#: "Relative thermal contrast" is clipped to this (ThermalGAN's coding, field.md 3.1).
CONTRAST_KELVIN = 10.0


@dataclass(frozen=True)
class PaperTensors:
    """One frame, S x S.

    Args:
        rgb: A, float32 [3,S,S] in [0,1].
        masks: one map per class, float32 [K,S,S] of 0 and 1, white edges left out of none.
        edges: white edges around the objects, float32 [1,S,S].
        thermal_labels: R, the mean of each object painted over it, float32 [1,S,S] in kelvin.
        class_kelvin: temperature vector T: mean of each class, float32 [K]; 0 for an absent one.
        contrast: (temperature - mean of the object) / 10 K, clipped to [-1, 1], float32 [1,S,S].
    """

    rgb: Tensor
    masks: Tensor
    edges: Tensor
    thermal_labels: Tensor
    class_kelvin: Tensor
    contrast: Tensor


def paper_tensors(sample: Sample, classes: int, rng: np.random.Generator, size: int = CROP) -> PaperTensors:
    """Resize a frame to a random side of 380 to 480, crop and scale to 512, and derive all tensors.

    The paper resizes below its crop; the crop is then the largest square of the resized frame, scaled up.

    Raises:
        DatasetError: the frame lacks labels or temperatures.
    """
    if sample.labels is None or sample.thermal_kelvin is None:
        raise DatasetError(
            f"{sample.stem} lacks labels or temperatures",
            "The paper's tensors need both: prepare such a set.",
        )
    labels = np.where(sample.labels == VOID, np.uint8(0), sample.labels)
    instances = np.zeros(labels.shape, np.uint16) if sample.instances is None else sample.instances
    cut = _Cut.random(rng, labels.shape, size)
    ids, kelvin = cut.ids(labels), cut.picture(sample.thermal_kelvin)
    parts, count = connected_components(ids, None if sample.instances is None else cut.ids(instances))
    return _derive(cut.picture(sample.rgb), ids, parts, count, kelvin, classes)


def _derive(
    rgb: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    objects: NDArray[np.int32],
    count: int,
    kelvin: NDArray[np.float32],
    classes: int,
) -> PaperTensors:
    ids = torch.from_numpy(labels.astype(np.int64))[None]
    parts = torch.from_numpy(objects.astype(np.int64))[None]
    temperature = torch.from_numpy(kelvin)[None]
    masks = one_hot(ids, classes)
    thermal_labels = object_means(temperature, parts, count)[parts]
    areas = masks.sum((0, 2, 3))
    class_kelvin = (masks * temperature[:, None]).sum((0, 2, 3)) / areas.clamp(min=1)
    contrast = ((temperature - thermal_labels) / CONTRAST_KELVIN).clamp(-1, 1)
    return PaperTensors(
        rgb=torch.from_numpy(rgb).permute(2, 0, 1).float() / 255,
        masks=masks[0],
        edges=class_edges(parts)[0],
        thermal_labels=thermal_labels,
        class_kelvin=class_kelvin,
        contrast=contrast,
    )


@dataclass(frozen=True)
class _Cut:
    """A square of the resized frame, scaled to `size`."""

    resized: tuple[int, int]
    top: int
    left: int
    side: int
    size: int

    @classmethod
    def random(cls, rng: np.random.Generator, shape: tuple[int, ...], size: int) -> _Cut:
        low, high = (round(side * size / CROP) for side in RESIZED_SIDES)
        side = int(rng.integers(low, high + 1))
        scale = side / min(shape)
        resized = (max(side, round(shape[0] * scale)), max(side, round(shape[1] * scale)))
        top, left = (int(rng.integers(0, length - side + 1)) for length in resized)
        return cls(resized, top, left, side, size)

    def picture(self, image: NDArray) -> NDArray:
        """Bilinear."""
        return self._cut(image, cv2.INTER_LINEAR)

    def ids(self, image: NDArray) -> NDArray:
        """Nearest neighbour: ThermalGAN's bicubic resizing of label maps rings at their edges."""
        return self._cut(image, cv2.INTER_NEAREST_EXACT)

    def _cut(self, image: NDArray, interpolation: int) -> NDArray:
        whole = cv2.resize(image, self.resized[::-1], interpolation=interpolation)
        part = whole[self.top : self.top + self.side, self.left : self.left + self.side]
        return cv2.resize(part, (self.size, self.size), interpolation=interpolation)
