"""Residual critic of one class (Wasserstein, Gulrajani et al. 2017; residual as in Karras et al. 2020).

No batch statistics of any kind: the gradient penalty is per sample.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from train.networks.edge import activate


class DownBlock(nn.Module):
    """Residual block that halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.second = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.identity = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H/2,W/2]."""
        y = activate(self.second(activate(self.first(x))))
        return F.avg_pool2d(y + self.identity(x), 2) * 2**-0.5


class Critic(nn.Module):
    """Window [N,3,S,S] (temperature, soft mask, luma) -> score [N]."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(
            DownBlock(width, 2 * width), DownBlock(2 * width, 3 * width), DownBlock(3 * width, 4 * width)
        )
        self.score = nn.Conv2d(4 * width, 1, 3, padding=1)

    def forward(self, windows: Tensor) -> Tensor:
        """Mean score of the patches."""
        return self.score(self.blocks(activate(self.stem(windows)))).float().mean((1, 2, 3))
