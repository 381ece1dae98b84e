"""What a method is given at evaluation: the protocol's maps and temperatures, as tensors of one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from thermalsdk import Synthesizer
from thermalsdk.compositing import connected_components
from train.composition import object_means
from train.data import Dataset
from train.data.resize import nearest
from train.evaluation.protocols import GivenInputs
from train.methods import FrameInputs


@dataclass(frozen=True)
class Maps:
    """Class map uint8 [S,S], objects [S,S] numbered from 0, and temperatures float32 [S,S] in kelvin."""

    labels: NDArray[np.uint8]
    objects: NDArray[np.integer]
    thermal_labels: NDArray[np.float32]

    @classmethod
    def given(cls, inputs: GivenInputs) -> Maps:
        """Of protocol `given`."""
        return cls(inputs.labels, inputs.instances - 1, inputs.thermal_labels)


def predicted_maps(
    synth: Synthesizer, full: Dataset, split: str, size: tuple[int, int]
) -> Mapping[str, Maps]:
    """What the bundle's segmenter and labeller make of the full frames' colours, at (height, width)."""
    maps = {}
    for stem in full.stems(split):
        frame = synth(full.sample(stem).rgb)
        labels = nearest(frame.labels, size)
        objects, _ = connected_components(labels)
        maps[stem] = Maps(labels, objects, nearest(frame.thermal_labels, size))
    return maps


def frame_inputs(rgb: NDArray[np.uint8], maps: Maps) -> FrameInputs:
    """Tensors of one frame; R is the mean of the given temperatures over each object."""
    count = int(maps.objects.max()) + 1
    objects = torch.from_numpy(maps.objects.astype(np.int64))[None]
    told = torch.from_numpy(maps.thermal_labels.astype(np.float32))[None]
    return FrameInputs(
        rgb=torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255,
        labels=torch.from_numpy(maps.labels.astype(np.int64))[None],
        objects=objects,
        object_count=count,
        thermal_labels=object_means(told, objects, count)[objects],
    )
