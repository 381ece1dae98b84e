"""ResNet-18 (He et al. 2016, arXiv 1512.03385, table 1) as an encoder: features of its blocks, no classes."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

# Output channels of the eight basic blocks; the resolution halves where they double.
BLOCK_CHANNELS = (64, 64, 128, 128, 256, 256, 512, 512)


def _conv(inputs: int, outputs: int, size: int, stride: int) -> nn.Conv2d:
    """Without bias, which the batch normalisation that follows would undo; He's initialisation."""
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (figure 5, left), projected where the shape changes (option B)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs, 3, 1)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride == 2:
            self.shortcut = nn.Sequential(_conv(inputs, outputs, 1, 2), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H/stride,W/stride]."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    """Planes [N,inputs,H,W] -> the outputs of the eight basic blocks and their last one's global average."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = _conv(inputs, 64, 7, 2)
        self.norm = nn.BatchNorm2d(64)
        before = (64, *BLOCK_CHANNELS[:-1])
        self.blocks = nn.ModuleList(BasicBlock(i, o) for i, o in zip(before, BLOCK_CHANNELS, strict=True))

    def forward(self, planes: Tensor) -> tuple[list[Tensor], Tensor]:
        """Any size, zero mean preferred.

        Returns:
            features at strides 4, 4, 8, 8, 16, 16, 32, 32 with BLOCK_CHANNELS channels; latent [N,512].
        """
        x = F.max_pool2d(F.relu(self.norm(self.conv(planes))), 3, 2, 1)
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return features, x.mean((2, 3))
