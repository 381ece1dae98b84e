"""The `edge` generator: one slim residual encoder, one thin style decoder per class.

The encoder sees RGB alone; a layer sees the encoder's features through 1x1 skips (the paper's noise inputs,
section 3.2), its own mask with edge and its own R_k. Budget at 512x512: encoder <= 1.0 GMAC, a layer
<= 0.3 GMAC.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.networks.backbone import EfficientNetLite0
from train.networks.style import StyleConv

FEATURES = {2: 16, 4: 32, 8: 32}
LATENT = 64
LEAK = 0.2


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with StyleGAN's slope."""
    return F.leaky_relu(x, LEAK)


def upsample(x: Tensor) -> Tensor:
    """Bilinear, factor 2."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Residual(nn.Module):
    """Two 3x3 convolutions around an identity (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> the same shape."""
        return activate(x + self.second(activate(self.first(x))))


class EdgeEncoder(nn.Module):
    """RGB -> features at strides 2, 4, 8 and a latent vector P_T.

    ImageNet features are taken at half resolution (a quarter of the cost); what that loses of fine detail
    a narrow full-resolution branch puts back.
    """

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0(blocks=11, pretrained=pretrained)
        at4, at8, at16, at32 = self.backbone.channels
        wide, mid, thin = FEATURES[8], FEATURES[4], FEATURES[2]
        self.lateral32 = nn.Conv2d(at32, wide, 1)
        self.lateral16 = nn.Conv2d(at16, wide, 1)
        self.lateral8 = nn.Conv2d(at8, wide, 1)
        self.smooth8 = nn.Conv2d(wide, wide, 3, padding=1)
        self.narrow8 = nn.Conv2d(wide, mid, 1)
        self.lateral4 = nn.Conv2d(at4, mid, 1)
        self.detail2 = nn.Conv2d(12, thin, 3, padding=1)
        self.detail4 = nn.Conv2d(thin, mid, 3, stride=2, padding=1)
        self.refine4 = Residual(mid)
        self.widen4 = nn.Conv2d(mid, 4 * thin, 1)
        self.latent = nn.Linear(at32, LATENT)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """[N,3,H,W] in [0,1], H and W multiples of 32.

        Returns:
            features_2 [N,16,H/2,W/2], features_4 [N,32,H/4,W/4], features_8 [N,32,H/8,W/8], latent [N,64].
        """
        at4, at8, at16, at32 = self.backbone(F.avg_pool2d(rgb, 2))
        top = self.lateral32(at32)
        top = activate(self.lateral16(at16) + upsample(top))
        features8 = activate(self.smooth8(activate(self.lateral8(at8) + upsample(top))))
        detail = activate(self.detail2(F.pixel_unshuffle(rgb - 0.5, 2)))
        mixed = self.lateral4(at4) + upsample(self.narrow8(features8)) + self.detail4(detail)
        features4 = self.refine4(activate(mixed))
        features2 = activate(detail + F.pixel_shuffle(self.widen4(features4), 2))
        latent = activate(self.latent(at32.mean((2, 3))))
        return features2, features4, features8, latent


class EdgeLayer(nn.Module):
    """The generator layer of one class: condition and features -> relative contrast in [-1, 1]."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        thin = FEATURES[2]
        self.embed8 = nn.Conv2d(3, width, 1)
        self.skip8 = nn.Conv2d(FEATURES[8], width, 1)
        self.conv8 = StyleConv(width, width, LATENT)
        self.embed4 = nn.Conv2d(3, width, 1)
        self.conv4 = StyleConv(width, width, LATENT)
        self.skip4 = nn.Conv2d(FEATURES[4], width, 1)
        self.widen2 = nn.Conv2d(width, 4 * thin, 1)
        self.skip2 = nn.Conv2d(thin, thin, 1)
        self.contrast = nn.Conv2d(thin, 4, 3, padding=1)
        nn.init.normal_(self.contrast.weight, std=0.01)
        nn.init.zeros_(self.contrast.bias)

    def forward(
        self, features2: Tensor, features4: Tensor, features8: Tensor, latent: Tensor, condition: Tensor
    ) -> Tensor:
        """The encoder's outputs and condition [N,3,H/4,W/4] (mask, edge, R_k) -> contrast [N,1,H,W]."""
        x = activate(self.embed8(F.avg_pool2d(condition, 2)) + self.skip8(features8))
        x = upsample(activate(self.conv8(x, latent))) + self.embed4(condition)
        x = activate(self.conv4(x, latent) + self.skip4(features4))
        x = activate(F.pixel_shuffle(self.widen2(x), 2) + self.skip2(features2))
        return torch.tanh(F.pixel_shuffle(self.contrast(x), 2).float())


class EdgeGenerator(nn.Module):
    """Encoder and one layer per class, classes in painter's order."""

    def __init__(self, classes: tuple[str, ...], pretrained: bool = True) -> None:
        super().__init__()
        self.classes = classes
        self.encoder = EdgeEncoder(pretrained)
        self.layers = nn.ModuleDict({name: EdgeLayer() for name in classes})

    def forward(self, rgb: Tensor, conditions: Tensor, present: Tensor) -> Tensor:
        """Relative contrast of every class.

        Args:
            rgb: [N,3,H,W] in [0,1].
            conditions: [N,K,3,H/4,W/4].
            present: bool [N,K]; a layer runs only on the samples that hold its class.

        Returns:
            [N,K,H,W] in [-1,1], zero where a class is absent.
        """
        features = self.encoder(rgb)
        outputs = []
        for k, layer in enumerate(self.layers.values()):
            rows = torch.nonzero(present[:, k]).flatten()
            canvas = rgb.new_zeros(rgb.shape[0], *rgb.shape[2:])
            if len(rows):
                contrast = layer(*(f[rows] for f in features), conditions[rows, k])[:, 0]
                canvas = canvas.index_copy(0, rows, contrast)
            outputs.append(canvas)
        return torch.stack(outputs, 1)
