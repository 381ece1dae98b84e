"""The paper's own methods, with Wasserstein critics (section 3.2, equations 1 to 3)."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import torch
from torch import Tensor, nn

from thermalsdk.labels import STREET_CLASSES
from train.adversary import Adversary
from train.composition import OFFSET_KELVIN, SCALE_KELVIN, compose, conditions, one_hot
from train.losses import class_balanced
from train.methods.inputs import CONTRAST_KELVIN, FrameInputs
from train.methods.method import Method, Outputs
from train.networks.edge import EdgeGenerator
from train.networks.paper import (
    PaperGenerator,
    ReducedGenerator,
    SegmentationGenerator,
    outlined_maps,
    paper_conditions,
)
from train.thermal_batch import ThermalBatch

CLASSES = len(STREET_CLASSES)
#: Half the width of a soft mask, in pixels.
FEATHER = 2
GRADIENT_PENALTY = 10.0


class WassersteinMethod(Method):
    """L1 on the temperature in units of the contrast range, and WGAN-GP on windows of the composite."""

    rates = (2e-3, 1e-3)
    betas = opponent_betas = (0.0, 0.99)
    #: The weight of L1 is 1: ThermalGAN's ratio of 100 : 1; the paper gives none.
    lambda_adversary = 0.01

    def __init__(self, generator: nn.Module, critic_classes: tuple[str, ...]) -> None:
        self.generator = generator
        self.adversary = Adversary(critic_classes, CONTRAST_KELVIN, FEATHER, GRADIENT_PENALTY)
        self.opponents = self.adversary.critics

    @abstractmethod
    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """See `Method`."""

    def generate(self, inputs: FrameInputs) -> Outputs:
        """See `Method`."""
        return {"kelvin": self.kelvin(self.generator, inputs).float()}

    def opponent_loss(self, batch: ThermalBatch, made: Outputs, rng: torch.Generator) -> Tensor:
        """Paper, equation 2."""
        seen = self._seen(batch)
        looks = self.adversary.look(seen, rng)
        return self.adversary.critic_loss(seen, made["kelvin"].detach(), looks, rng)

    def generator_loss(
        self, batch: ThermalBatch, made: Outputs, rng: torch.Generator, adversarial: bool
    ) -> tuple[Tensor, dict[str, float]]:
        """Paper, equation 3."""
        kelvin = made["kelvin"]
        error = (kelvin - batch.thermal).abs() / CONTRAST_KELVIN
        l1 = class_balanced(error, one_hot(batch.labels, CLASSES))
        loss = l1
        if adversarial:
            seen = self._seen(batch)
            looks = self.adversary.look(seen, rng)
            loss = loss + self.lambda_adversary * self.adversary.generator_loss(seen, kelvin, looks)
        return loss, {"l1": l1.item()}

    def _seen(self, batch: ThermalBatch) -> ThermalBatch:
        """The batch as the critics see it."""
        return batch


class PaperMethod(WassersteinMethod):
    """LayerGAN original: one network and one critic per class, RGB given; layers lie on top of each other."""

    def __init__(self, size: int, cap: int) -> None:
        super().__init__(PaperGenerator(STREET_CLASSES, size, cap=cap), STREET_CLASSES)

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """R plus each class's contrast on its own mask."""
        told = paper_conditions(inputs.labels, inputs.thermal_labels, CLASSES, OFFSET_KELVIN, SCALE_KELVIN)
        contrasts = generator(inputs.rgb, told, inputs.present(CLASSES))
        own = contrasts.gather(1, inputs.labels[:, None])[:, 0]
        return inputs.thermal_labels + CONTRAST_KELVIN * own


class EdgeMethod(WassersteinMethod):
    """What ships: layers over one slim encoder, soft masks, means kept."""

    # StyleGAN2's rates are for weights equalised at run time; plain ones ran away to contrasts of +-1.
    rates = (1e-3, 2e-4)
    betas = (0.9, 0.99)
    # At 0.01 critics undo half of what L1 has taught it of the detail (docs/experiments.md, 2026-11-27).
    lambda_adversary = 0.002

    def __init__(self, size: int, cap: int) -> None:
        super().__init__(EdgeGenerator(STREET_CLASSES), STREET_CLASSES)

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """The composition of design.md."""
        told = conditions(inputs.labels, inputs.thermal_labels, CLASSES, OFFSET_KELVIN, SCALE_KELVIN)
        contrasts = generator(inputs.rgb, told, inputs.present(CLASSES))
        return compose(
            contrasts,
            inputs.labels,
            inputs.objects,
            inputs.object_count,
            inputs.thermal_labels,
            CONTRAST_KELVIN,
            FEATHER,
        )


class UnlayeredMethod(WassersteinMethod):
    """One network for the whole frame, and one critic that sees it as one class."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__(generator, ("frame",))

    def _seen(self, batch: ThermalBatch) -> ThermalBatch:
        return replace(batch, labels=torch.zeros_like(batch.labels))


class ReducedMethod(UnlayeredMethod):
    """LayerGAN reduced: the paper's network without division into layers."""

    def __init__(self, size: int, cap: int) -> None:
        super().__init__(ReducedGenerator(CLASSES, size, cap=cap))

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """R plus the contrast."""
        maps = outlined_maps(inputs.labels, CLASSES)
        contrast = generator(inputs.rgb, maps, inputs.normalised_labels)[:, 0]
        return inputs.thermal_labels + CONTRAST_KELVIN * contrast


class SegmentationMethod(UnlayeredMethod):
    """The paper's first approach: no colours."""

    def __init__(self, size: int, cap: int) -> None:
        super().__init__(SegmentationGenerator(CLASSES, size, cap=cap))

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """R plus the contrast."""
        maps = outlined_maps(inputs.labels, CLASSES)
        vector = inputs.temperature_vector(CLASSES)
        contrast = generator(maps, inputs.normalised_labels, vector)[:, 0]
        return inputs.thermal_labels + CONTRAST_KELVIN * contrast
