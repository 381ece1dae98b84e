"""What every method is given for a batch of frames, whoever drew the maps and measured the temperatures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from train.composition import OFFSET_KELVIN, SCALE_KELVIN, one_hot
from train.thermal_batch import ThermalBatch

#: Relative contrast is in units of this ("temperature minus the object's mean", ThermalGAN's coding).
CONTRAST_KELVIN = 10.0


@dataclass(frozen=True)
class FrameInputs:
    """A batch without its truth.

    Args:
        rgb: [N,3,S,S] in [0,1].
        labels: int64 [N,S,S].
        objects: int64 [N,S,S], ids unique over the batch.
        object_count: how many there are.
        thermal_labels: R, float32 [N,S,S] in kelvin.
    """

    rgb: Tensor
    labels: Tensor
    objects: Tensor
    object_count: int
    thermal_labels: Tensor

    @classmethod
    def of(cls, batch: ThermalBatch) -> FrameInputs:
        """The inputs of a training batch."""
        return cls(batch.rgb, batch.labels, batch.objects, batch.object_count, batch.thermal_labels)

    @property
    def normalised_labels(self) -> Tensor:
        """R for a network, [N,1,S,S]."""
        return ((self.thermal_labels - OFFSET_KELVIN) / SCALE_KELVIN)[:, None]

    def present(self, classes: int) -> Tensor:
        """Bool [N,K]: which samples hold which class."""
        return torch.nn.functional.one_hot(self.labels.flatten(1), classes).amax(1).bool()

    def temperature_vector(self, classes: int) -> Tensor:
        """T of the paper: mean of R over each class, normalised, [N,K]; 0 for an absent class."""
        masks = one_hot(self.labels, classes)
        sums = (masks * self.normalised_labels).sum((2, 3))
        return sums / masks.sum((2, 3)).clamp(min=1)
