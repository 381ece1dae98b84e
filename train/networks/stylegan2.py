"""StyleGAN2's synthesis network (Karras et al. 2020, arXiv 1912.04958) with one output channel.

Convolutions are in the export form of `train.networks.style`: constant weights, the input scaled by the style
and the output by the demodulation factor. Noise maps are inputs and nothing here is random, so the network is
a function of its inputs, in a video as in ONNX.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LATENT = 512
LEAK = 0.2
SIZES = (16, 32, 64, 128, 256, 512)
# StyleGAN2 starts the output layers at 1. Here their sum over all resolutions goes through tanh, and would
# start in its flat ends.
_OUTPUT_STD = 0.1
_EPSILON = 1e-8


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with gain sqrt(2): keeps the second moment of a unit normal near 1."""
    return F.leaky_relu(x, LEAK) * math.sqrt(2)


def channels_at(resolution: int, channel_multiplier: float, cap: int) -> int:
    """Feature maps at a resolution; multiplier 2 with cap 512 is the paper's config F."""
    return min(cap, int(16384 * channel_multiplier / resolution))


def fir_kernel() -> Tensor:
    """[1,3,3,1] in both axes, float32 [1,1,4,4]; gain 4 makes up for the zeros that up-sampling inserts."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return 4 * torch.outer(taps, taps)[None, None] / 64


class EqualLinear(nn.Module):
    """Linear layer with equalised learning rate (Karras et al. 2018, arXiv 1710.10196, section 4.1).

    The weights are unit normal and scaled at run time by He's constant without its gain, so that Adam turns
    layers of every width equally fast.

    Args:
        inputs, outputs: widths.
        bias: initial value of the bias.
    """

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale = inputs**-0.5

    def forward(self, x: Tensor) -> Tensor:
        """[N,inputs] -> [N,outputs]."""
        return F.linear(x, self.weight * self.scale, self.bias)


class EqualConv(nn.Module):
    """Convolution of odd size with equalised learning rate, stride 1, "same" padding."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = (inputs * size**2) ** -0.5
        self.padding = size // 2

    def forward(self, x: Tensor) -> Tensor:
        """[N,inputs,H,W] -> [N,outputs,H,W]."""
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class Upsample(nn.Module):
    """Factor 2: zeros inserted, then the FIR filter; one depthwise transposed convolution does both."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", fir_kernel(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C,2H,2W]."""
        channels = x.shape[1]
        return F.conv_transpose2d(
            x, self.kernel.expand(channels, 1, 4, 4), stride=2, padding=1, groups=channels
        )


class ModulatedConv(nn.Module):
    """Modulated, demodulated 3x3 convolution (section 2.2, equations 1 and 3).

    Args:
        inputs, outputs: channels.
        latent: width of the latent vector that the style is an affine map of.
    """

    def __init__(self, inputs: int, outputs: int, latent: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.scale = (9 * inputs) ** -0.5
        self.style = EqualLinear(latent, inputs, bias=1.0)

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """X [N,C,H,W] with weight [C',C,3,3] -> [N,C',H,W]."""
        return F.conv2d(x, weight, padding=1)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """X [N,C,H,W], latent [N,L] -> [N,C',H',W'] of unit variance where x has it."""
        style, weight = self.style(latent), self.weight * self.scale
        energy = weight.square().sum((2, 3))
        demodulation = torch.rsqrt(F.linear(style.square(), energy) + _EPSILON)
        y = self.convolve(x * style[:, :, None, None], weight)
        return y * demodulation[:, :, None, None]


class ModulatedUpConv(ModulatedConv):
    """The same with up-sampling by 2: transposed convolution of stride 2, then the FIR filter (appendix B).

    As in a transposed convolution everywhere, the kernel is applied mirrored.
    """

    def __init__(self, inputs: int, outputs: int, latent: int) -> None:
        super().__init__(inputs, outputs, latent)
        self.register_buffer("kernel", fir_kernel(), persistent=False)

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """X [N,C,H,W] with weight [C',C,3,3] -> [N,C',2H,2W]."""
        outputs = len(weight)
        y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return F.conv2d(y, self.kernel.expand(outputs, 1, 4, 4), padding=1, groups=outputs)


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, activation (figure 2d).

    The noise's learned strength starts at 1, not at StyleGAN2's 0: here noise is what the encoder sees, and
    skips that start silent learn late.
    """

    def __init__(self, conv: ModulatedConv) -> None:
        super().__init__()
        self.conv = conv
        self.strength = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(len(conv.weight)))

    def forward(self, x: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        """X [N,C,H,W], latent [N,L], noise [N,1,H',W'] at the size of the output [N,C',H',W']."""
        y = self.conv(x, latent) + self.strength * noise
        return activate(y + self.bias[:, None, None])


class ToThermal(nn.Module):
    """StyleGAN2's toRGB with one channel: modulated 1x1 convolution without demodulation."""

    def __init__(self, inputs: int, latent: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_OUTPUT_STD * torch.randn(1, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1))
        self.scale = inputs**-0.5
        self.style = EqualLinear(latent, inputs, bias=1.0)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """X [N,C,H,W], latent [N,L] -> [N,1,H,W]."""
        style = self.style(latent)[:, :, None, None]
        return F.conv2d(x * style, self.weight * self.scale, self.bias)


class GrowingBlock(nn.Module):
    """One resolution: up-sampling and plain convolution, and this resolution's share of the output."""

    def __init__(self, inputs: int, outputs: int, latent: int) -> None:
        super().__init__()
        self.raise_ = StyledConv(ModulatedUpConv(inputs, outputs, latent))
        self.conv = StyledConv(ModulatedConv(outputs, outputs, latent))
        self.to_thermal = ToThermal(outputs, latent)
        self.upsample = Upsample()

    def forward(self, x: Tensor, skip: Tensor, latent: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """X [N,C,H,W], skip [N,1,H,W], latent [N,L], noise [N,1,2H,2W] for both convolutions.

        Returns:
            x [N,C',2H,2W] and skip [N,1,2H,2W].
        """
        x = self.conv(self.raise_(x, latent, noise), latent, noise)
        return x, self.upsample(skip) + self.to_thermal(x, latent)


class Synthesis(nn.Module):
    """From a learned constant of 4x4 to one channel of size x size, with output skips (figure 7b).

    Args:
        size: one of SIZES.
        latent: width of the latent vector w.
        channel_multiplier, cap: see `channels_at`.
    """

    def __init__(
        self, size: int, latent: int = LATENT, channel_multiplier: float = 2.0, cap: int = 512
    ) -> None:
        super().__init__()
        if size not in SIZES:
            raise ValueError(f"size {size} is none of {SIZES}")
        self.resolutions = tuple(2**k for k in range(2, size.bit_length()))
        widths = [channels_at(r, channel_multiplier, cap) for r in self.resolutions]
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        self.conv = StyledConv(ModulatedConv(widths[0], widths[0], latent))
        self.to_thermal = ToThermal(widths[0], latent)
        self.blocks = nn.ModuleList(
            GrowingBlock(coarse, fine, latent) for coarse, fine in itertools.pairwise(widths)
        )

    def forward(self, latent: Tensor, noises: list[Tensor]) -> Tensor:
        """Latent [N,L] and one noise map [N,1,r,r] per resolution r, 4 first -> [N,1,S,S], unbounded."""
        x = self.constant.expand(len(latent), -1, -1, -1)
        x = self.conv(x, latent, noises[0])
        skip = self.to_thermal(x, latent)
        for block, noise in zip(self.blocks, noises[1:], strict=True):
            x, skip = block(x, skip, latent, noise)
        return skip
