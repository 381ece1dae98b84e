"""ThermalGAN's two-step generator (Kniaz et al. 2018), the paper's second baseline.

Its first step was never released. The publication calls it of BicycleGAN's type: RGB and a latent vector that
is tiled over the frame. The latent vector here is the temperature vector itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.networks.unet import UNet


class ThermalGanGenerator(nn.Module):
    """RGB and temperature vector -> thermal segmentation -> relative contrast.

    Units: the network's outputs are in [-1,1]; ThermalGAN stands for 40 kelvin with 1 in the segmentation and
    for 10 kelvin in the contrast, and absolute temperature is their sum in kelvin.

    Args:
        classes: K, length of the temperature vector.
        downs: of both U-Nets; 9 is ThermalGAN's, for 512x512.
    """

    def __init__(self, classes: int, downs: int = 9) -> None:
        super().__init__()
        self.step1 = UNet(3 + classes, 1, downs)
        self.step2 = UNet(1 + 3, 1, downs)

    def segment(self, rgb: Tensor, temperatures: Tensor) -> Tensor:
        """Step 1: rgb [N,3,H,W] in [0,1], normalised class means [N,K] -> thermal segmentation [N,1,H,W]."""
        planes = temperatures[:, :, None, None].expand(-1, -1, *rgb.shape[2:])
        return self.step1(torch.cat((2 * rgb - 1, planes), 1))

    def contrast(self, segmentation: Tensor, rgb: Tensor) -> Tensor:
        """Step 2: thermal segmentation [N,1,H,W], given or of step 1, and rgb -> contrast [N,1,H,W]."""
        return self.step2(torch.cat((segmentation, 2 * rgb - 1), 1))

    def forward(self, rgb: Tensor, temperatures: Tensor) -> tuple[Tensor, Tensor]:
        """Both steps in a row -> thermal segmentation and relative contrast, each [N,1,H,W]."""
        segmentation = self.segment(rgb, temperatures)
        return segmentation, self.contrast(segmentation, rgb)
