"""Style-based convolution in its export form (Karras et al. 2020, arXiv 1912.04958, section 2.2).

Modulating the weights by the style and normalising them again is the same as scaling the input by the style,
convolving with constant weights and scaling the output by the demodulation factor; the latter form needs no
run-time weights, so ONNX and TensorRT take it as it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class StyleConv(nn.Module):
    """Modulated, demodulated 3x3 convolution.

    Args:
        inputs, outputs: channels.
        latent: width of the latent vector that the style is an affine map of.
    """

    def __init__(self, inputs: int, outputs: int, latent: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        # Demodulation undoes the scale; a small one lets the weights turn quickly under Adam.
        nn.init.normal_(self.conv.weight, std=0.15)
        self.style = nn.Linear(latent, inputs)
        nn.init.zeros_(self.style.weight)
        nn.init.ones_(self.style.bias)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """X [N,C,H,W], latent [N,L] -> [N,C',H,W] of unit variance where x has it."""
        style = self.style(latent)
        energy = self.conv.weight.float().square().sum((2, 3))
        demodulation = torch.rsqrt(F.linear(style.float().square(), energy) + 1e-8)
        y = self.conv(x * style[:, :, None, None].to(x.dtype))
        return y * demodulation[:, :, None, None].to(y.dtype)
