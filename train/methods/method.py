"""What the compared methods have in common: a generator, its opponents, and how they learn from a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from train.methods.inputs import FrameInputs
from train.thermal_batch import ThermalBatch

#: What a generator made of a batch, by name.
Outputs = dict[str, Tensor]


class Method(ABC):
    """One method, ready to be trained and used.

    Attributes:
        generator: what is kept.
        opponents: discriminators or critics, needed for training alone.
        rates: learning rates of generator and opponents.
        betas, opponent_betas: of Adam for the generator and for the opponents.
    """

    generator: nn.Module
    opponents: nn.Module
    rates: tuple[float, float]
    betas: tuple[float, float]
    opponent_betas: tuple[float, float]

    @abstractmethod
    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """Surface temperature [N,S,S] in kelvin, by this method's generator or an average of its weights."""

    @abstractmethod
    def generate(self, inputs: FrameInputs) -> Outputs:
        """What the generator makes in training; both losses judge it."""

    @abstractmethod
    def opponent_loss(self, batch: ThermalBatch, made: Outputs, rng: torch.Generator) -> Tensor:
        """What the opponents minimise; the generator learns nothing from it."""

    @abstractmethod
    def generator_loss(
        self, batch: ThermalBatch, made: Outputs, rng: torch.Generator, adversarial: bool
    ) -> tuple[Tensor, dict[str, float]]:
        """What the generator minimises, with or without what its opponents say, and scalars for the log."""
