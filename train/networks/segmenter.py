"""The segmenter: EfficientNet-Lite0 with a light feature-pyramid decoder (Lin et al. 2017)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from train.networks.backbone import EfficientNetLite0, global_mean


class Separable(nn.Module):
    """Depthwise 3x3 and pointwise convolution, ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, size, padding=size // 2, groups=inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H,W]."""
        return F.relu(self.pointwise(self.depthwise(x)))


class PyramidDecoder(nn.Module):
    """Top-down sum of the backbone's features; sizes follow each finer feature, so odd sizes work.

    Args:
        channels: of the backbone's features, finest first.
        width: of the pyramid.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.smooths = nn.ModuleList(Separable(width, width) for _ in channels)
        self.context = nn.Linear(channels[-1], width)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features finest first -> [N,width,h,w] at the finest feature's size."""
        context = F.relu(self.context(global_mean(features[-1])))[:, :, None, None]
        x = self.smooths[-1](self.laterals[-1](features[-1]) + context)
        for lateral, smooth, feature in zip(
            reversed(self.laterals[:-1]), reversed(self.smooths[:-1]), reversed(features[:-1]), strict=True
        ):
            up = F.interpolate(x, size=feature.shape[-2:], mode="bilinear", align_corners=False)
            x = smooth(lateral(feature) + up)
        return x


class Segmenter(nn.Module):
    """RGB [N,3,H,W] in [0,1] -> class logits [N,K,H/4,W/4]."""

    def __init__(self, classes: tuple[str, ...], pretrained: bool = True, width: int = 64) -> None:
        super().__init__()
        self.classes = classes
        self.backbone = EfficientNetLite0(pretrained=pretrained)
        self.decoder = PyramidDecoder(self.backbone.channels[1:], width)
        self.head = nn.Sequential(Separable(width, width), nn.Conv2d(width, len(classes), 1))

    def forward(self, rgb: Tensor) -> Tensor:
        """H and W multiples of 32."""
        return self.head(self.decoder(self.backbone(rgb)[1:]))
