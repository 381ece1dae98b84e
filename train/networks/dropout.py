"""Dropout whose masks belong to the samples of a batch, whichever process holds them."""

from __future__ import annotations

from torch import Tensor, nn

from train.parallel import draw_uniform


class ChannelDropout(nn.Module):
    """Zeroes whole channels of [N,C,...] in training and scales the others (Tompson et al. 2015).

    Drawn on the CPU, so that devices and processes in any number see the same masks.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape and type."""
        if not self.training:
            return x
        kept = (draw_uniform(*x.shape[:2]) >= self.share).to(x.dtype) / (1 - self.share)
        return x * kept.to(x.device).view(*x.shape[:2], *[1] * (x.dim() - 2))
