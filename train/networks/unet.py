"""pix2pix's generator and discriminator (Isola et al. 2017, arXiv 1611.07004, appendix 6.1)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAK = 0.2
BASE, WIDEST = 64, 512
DROPOUT = 0.5
# Up blocks with dropout, counted from the innermost: CD512-CD512-CD512.
DROPPED = 3


def initialise(module: nn.Module) -> None:
    """Weights of convolutions N(0, 0.02), biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, std=0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class Down(nn.Module):
    """4x4 convolution of stride 2, batch normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H/2,W/2], before its activation."""
        return self.norm(self.conv(F.leaky_relu(x, LEAK)))


class Up(nn.Module):
    """4x4 transposed convolution of stride 2, batch normalisation, dropout."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',2H,2W], before its activation."""
        return self.dropout(self.norm(self.conv(F.relu(x))))


class UNet(nn.Module):
    """U-Net with skips between equal resolutions.

    At test time pix2pix keeps dropout, as its only source of randomness, and the statistics of the batch.
    Here dropout acts in training mode alone and evaluation uses running statistics: a temperature must be the
    same twice, and from frame to frame of a video.

    The innermost convolution has no batch normalisation: on one cell and a batch of one it would be zero (the
    paper's errata).

    Args:
        inputs, outputs: channels.
        downs: halvings, at least 5: 8 for U-Net-256, 9 for ThermalGAN's U-Net-512, 7 for frames of 128x128.
    """

    def __init__(self, inputs: int, outputs: int, downs: int) -> None:
        super().__init__()
        widths = [min(BASE * 2**i, WIDEST) for i in range(downs)]
        self.stride = 2**downs
        self.first = nn.Conv2d(inputs, widths[0], 4, 2, 1)
        self.downs = nn.ModuleList(Down(i, o) for i, o in itertools.pairwise(widths[:-1]))
        self.innermost = nn.Conv2d(widths[-2], widths[-1], 4, 2, 1)
        # The innermost up block has no skip beside its input; all others have.
        before = [widths[-1], *(2 * w for w in widths[-2:0:-1])]
        self.ups = nn.ModuleList(
            Up(i, o, DROPOUT if index < DROPPED else 0.0)
            for index, (i, o) in enumerate(zip(before, widths[-2::-1], strict=True))
        )
        self.last = nn.ConvTranspose2d(2 * widths[0], outputs, 4, 2, 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """[N,inputs,H,W] in [-1,1], H and W multiples of 2**downs -> [N,outputs,H,W] in [-1,1]."""
        if x.shape[-2] % self.stride or x.shape[-1] % self.stride:
            raise ValueError(f"frame {tuple(x.shape[-2:])} is not a multiple of {self.stride}")
        skips = [self.first(x)]
        for down in self.downs:
            skips.append(down(skips[-1]))
        x = self.innermost(F.leaky_relu(skips[-1], LEAK))
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = torch.cat((up(x), skip), 1)
        return torch.tanh(self.last(F.relu(x)).float())


class PatchGan(nn.Module):
    """Discriminator of 70x70 patches: C64-C128-C256-C512 and a score.

    Args:
        inputs: channels of condition and picture together.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, BASE, 4, 2, 1),
            Down(BASE, 2 * BASE),
            Down(2 * BASE, 4 * BASE),
            nn.LeakyReLU(LEAK),
            nn.Conv2d(4 * BASE, 8 * BASE, 4, 1, 1, bias=False),
            nn.BatchNorm2d(8 * BASE),
            nn.LeakyReLU(LEAK),
            nn.Conv2d(8 * BASE, 1, 4, 1, 1),
        )
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """[N,inputs,H,W] in [-1,1] -> logits [N,1,H/8-2,W/8-2], one per patch, no sigmoid."""
        return self.layers(x)
