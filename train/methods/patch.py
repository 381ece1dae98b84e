"""pix2pix and ThermalGAN: U-Nets against patch discriminators (Isola et al. 2017; Kniaz et al. 2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thermalsdk.labels import STREET_CLASSES
from train.composition import OFFSET_KELVIN
from train.methods.inputs import CONTRAST_KELVIN, FrameInputs
from train.methods.method import Method, Outputs
from train.networks.paper import outlined_maps
from train.networks.thermalgan import ThermalGanGenerator
from train.networks.unet import PatchGan, UNet
from train.thermal_batch import ThermalBatch

CLASSES = len(STREET_CLASSES)
LAMBDA_L1 = 100.0
#: Absolute temperature in [-1, 1]: ThermalGAN's 40 K on either side.
RANGE_KELVIN = 40.0


def scaled(kelvin: Tensor) -> Tensor:
    """Absolute temperature [N,S,S] for a U-Net, [N,1,S,S] in [-1,1]."""
    return ((kelvin - OFFSET_KELVIN) / RANGE_KELVIN).clamp(-1, 1)[:, None]


def unscaled(output: Tensor) -> Tensor:
    """[N,1,S,S] -> kelvin [N,S,S]."""
    return OFFSET_KELVIN + RANGE_KELVIN * output[:, 0]


def says(scores: Tensor, real: bool) -> Tensor:
    """Binary cross entropy of patch scores (logits) that should all say real, or fake."""
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, float(real)))


def downs_for(size: int) -> int:
    """Halvings down to one pixel, as the U-Nets of both papers have them at their sizes."""
    return int(math.log2(size))


class Pix2Pix(Method):
    """U-Net from RGB, or with `told` from RGB, class maps and R, to the absolute temperature."""

    rates = (2e-4, 2e-4)
    betas = opponent_betas = (0.5, 0.999)

    def __init__(self, size: int, *, told: bool) -> None:
        self._told = told
        inputs = 3 + (CLASSES + 1 if told else 0)
        self.generator = UNet(inputs, 1, downs_for(size))
        self.opponents = PatchGan(inputs + 1)

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """The U-Net's output."""
        return unscaled(generator(self._planes(inputs)))

    def generate(self, inputs: FrameInputs) -> Outputs:
        """See `Method`."""
        return {"thermal": self.generator(self._planes(inputs)).float()}

    def opponent_loss(self, batch: ThermalBatch, made: Outputs, rng: torch.Generator) -> Tensor:
        """Half the sum, as in the publication."""
        planes = self._planes(FrameInputs.of(batch))
        real_scores = self.opponents(torch.cat((planes, scaled(batch.thermal)), 1))
        fake_scores = self.opponents(torch.cat((planes, made["thermal"].detach()), 1))
        return 0.5 * (says(real_scores, True) + says(fake_scores, False))

    def generator_loss(
        self, batch: ThermalBatch, made: Outputs, rng: torch.Generator, adversarial: bool
    ) -> tuple[Tensor, dict[str, float]]:
        """Isola et al., equation 4."""
        planes = self._planes(FrameInputs.of(batch))
        fake = made["thermal"]
        l1 = (fake - scaled(batch.thermal)).abs().mean()
        loss = LAMBDA_L1 * l1
        if adversarial:
            loss = loss + says(self.opponents(torch.cat((planes, fake), 1)), True)
        return loss, {"l1": l1.item()}

    def _planes(self, inputs: FrameInputs) -> Tensor:
        rgb = 2 * inputs.rgb - 1
        if not self._told:
            return rgb
        maps = outlined_maps(inputs.labels, CLASSES)
        return torch.cat((rgb, maps, scaled(inputs.thermal_labels)), 1)


class ThermalGan(Method):
    """Step 1 paints the thermal segmentation, step 2 the contrast on it; R that is given replaces step 1."""

    rates = (2e-4, 2e-4)
    betas = opponent_betas = (0.5, 0.999)

    def __init__(self, size: int) -> None:
        self.generator = ThermalGanGenerator(CLASSES, downs_for(size))
        self.opponents = nn.ModuleDict({"segmentation": PatchGan(3 + 1), "contrast": PatchGan(4 + 1)})

    def kelvin(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """R plus step 2's contrast."""
        contrast = generator.contrast(scaled(inputs.thermal_labels), inputs.rgb)[:, 0]
        return inputs.thermal_labels + CONTRAST_KELVIN * contrast

    def kelvin_from_vector(self, generator: nn.Module, inputs: FrameInputs) -> Tensor:
        """Both steps: the temperature vector of R is all that is known of temperatures."""
        segmentation, contrast = generator(inputs.rgb, inputs.temperature_vector(CLASSES))
        return unscaled(segmentation) + CONTRAST_KELVIN * contrast[:, 0]

    def generate(self, inputs: FrameInputs) -> Outputs:
        """Both steps, each on what was given: they learn apart from each other."""
        outputs = {
            "segmentation": self.generator.segment(inputs.rgb, inputs.temperature_vector(CLASSES)),
            "contrast": self.generator.contrast(scaled(inputs.thermal_labels), inputs.rgb),
        }
        return {name: output.float() for name, output in outputs.items()}

    def opponent_loss(self, batch: ThermalBatch, made: Outputs, rng: torch.Generator) -> Tensor:
        """Both discriminators, half the sum each."""
        losses = []
        for name, planes, real in self._looks(batch):
            real_scores = self.opponents[name](torch.cat((planes, real), 1))
            fake_scores = self.opponents[name](torch.cat((planes, made[name].detach()), 1))
            losses.append(0.5 * (says(real_scores, True) + says(fake_scores, False)))
        return torch.stack(losses).sum()

    def generator_loss(
        self, batch: ThermalBatch, made: Outputs, rng: torch.Generator, adversarial: bool
    ) -> tuple[Tensor, dict[str, float]]:
        """L1 weighs 100 against BCE in both steps."""
        loss, scalars = torch.zeros(()), {}
        for name, planes, real in self._looks(batch):
            l1 = (made[name] - real).abs().mean()
            loss = loss + LAMBDA_L1 * l1
            if adversarial:
                loss = loss + says(self.opponents[name](torch.cat((planes, made[name]), 1)), True)
            scalars[f"l1_{name}"] = l1.item()
        return loss, scalars

    def _looks(self, batch: ThermalBatch) -> list[tuple[str, Tensor, Tensor]]:
        """Per step: its name, what its discriminator is shown beside the picture, and the truth."""
        rgb, segmentation = 2 * batch.rgb - 1, scaled(batch.thermal_labels)
        relative = ((batch.thermal - batch.thermal_labels) / CONTRAST_KELVIN).clamp(-1, 1)[:, None]
        return [
            ("segmentation", rgb, segmentation),
            ("contrast", torch.cat((segmentation, rgb), 1), relative),
        ]
