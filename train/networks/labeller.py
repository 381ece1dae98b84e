"""The labeller: from RGB and labels, the mean temperature of each object.

ThermalGAN's first step (Kniaz et al. 2018), which was published but never released. It works at a quarter of
the frame's resolution: an object's mean needs context more than detail.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.networks.backbone import EfficientNetLite0
from train.networks.segmenter import PyramidDecoder, Separable

# Temperatures stay within offset +- REACH * scale.
REACH = 3.0


class Labeller(nn.Module):
    """rgb_4 [N,3,h,w] and class_fractions [N,K,h,w] -> temperature [N,1,ceil(h/2),ceil(w/2)] in kelvin.

    Args:
        classes: in painter's order.
        offset_kelvin, scale_kelvin: normalisation of temperatures.
    """

    def __init__(
        self,
        classes: tuple[str, ...],
        offset_kelvin: float,
        scale_kelvin: float,
        pretrained: bool = True,
        width: int = 48,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.offset, self.scale = offset_kelvin, scale_kelvin
        self.backbone = EfficientNetLite0(blocks=11, pretrained=pretrained)
        self.decoder = PyramidDecoder(self.backbone.channels, width)
        self.embed = nn.Conv2d(len(classes), width, 1)
        self.mix = nn.Sequential(
            Separable(width, width, 5), Separable(width, width, 5), Separable(width, width)
        )
        self.head = nn.Conv2d(width, 1, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, rgb4: Tensor, class_fractions: Tensor) -> Tensor:
        """Dense temperature; the caller averages it over each object."""
        features = self.decoder(self.backbone(rgb4))
        fractions = F.interpolate(
            class_fractions, size=features.shape[-2:], mode="bilinear", align_corners=False
        )
        x = self.mix(features + self.embed(fractions))
        return self.offset + self.scale * torch.clamp(self.head(x).float(), -REACH, REACH)
