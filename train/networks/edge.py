"""The `edge` generator: one slim residual encoder, one thin style decoder per class.

The encoder sees RGB alone; a layer sees the encoder's features through 1x1 skips (the paper's noise inputs,
section 3.2), its own mask with edge and its own R_k. Budget at 512x512: encoder <= 1.0 GMAC, a layer
<= 0.3 GMAC.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.networks.backbone import EfficientNetLite0, global_mean
from train.networks.dropout import ChannelDropout
from train.networks.style import StyleConv

# Channels by stride: of the encoder's features, and of a layer.
FEATURES = {2: 16, 4: 16, 8: 32}
WIDTHS = {2: 16, 4: 16, 8: 32}
LATENT = 64
LEAK = 0.2
# Whole channels of ImageNet features, and most of the global latent, are dropped in training: without that a
# few hundred frames are learned by heart.
FEATURE_DROPOUT = 0.1
LATENT_DROPOUT = 0.5
# Channels of a 4x4 block, in the order of depth-to-space, that belong to its upper left 2x2 block.
_FIRST_CELL = [0, 1, 4, 5]


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with StyleGAN's slope, for what comes out of a convolution.

    ONNX Runtime fuses the two. After a sum comes plain ReLU, for which it need not leave its blocked layout.
    """
    return F.leaky_relu(x, LEAK)


def upsample(x: Tensor) -> Tensor:
    """Bilinear, factor 2."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def double(x: Tensor) -> Tensor:
    """Nearest neighbour, factor 2: a pixel sees no further by it, and runtimes keep their blocked layouts."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Rows(torch.autograd.Function):
    """Some samples of a batch, none twice. Indexing has the same gradient, summed one element at a time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        """X [N,...], distinct rows int64 [M] -> [M,...]."""
        ctx.save_for_backward(rows)
        ctx.layout = (x.shape, x.stride())
        return x.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Zeros where a sample was not taken."""
        (rows,) = ctx.saved_tensors
        whole = gradient.new_empty_strided(*ctx.layout).zero_()
        return whole.index_copy_(0, rows, gradient), None


def region_growth(feather: int) -> int:
    """Pixels around an 8-aligned box that a layer needs to be right on it and `feather` pixels beyond.

    A pixel at the feather's end is followed through the layer's 3x3 convolutions at strides 2, 4 and 8, each
    of which sees one cell further; the result is a multiple of 8.
    """
    pixel = -feather
    for stride in (2, 4, 8):
        pixel = (pixel // stride - 1) * stride
    return -pixel


def _by_fours(conv: nn.Conv2d) -> nn.Conv2d:
    """3x3 to the four pixels of a 2x2 block -> 4x4 with stride 2 to the sixteen of a 4x4 block."""
    fours = nn.Conv2d(conv.in_channels, 16, 4, stride=2, padding=1, dtype=conv.weight.dtype)
    with torch.no_grad():
        fours.weight.zero_()
        for row in range(2):
            for column in range(2):
                channels = [c + 8 * row + 2 * column for c in _FIRST_CELL]
                fours.weight[channels, :, row : row + 3, column : column + 3] = conv.weight
                fours.bias[channels] = conv.bias
    return fours


class EdgeEncoder(nn.Module):
    """RGB -> features at strides 2, 4, 8 and a latent vector P_T.

    ImageNet features are taken at half resolution (a quarter of the cost); what that loses of fine detail
    a narrow full-resolution branch puts back.
    """

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0(blocks=9, pretrained=pretrained)
        at4, at8, at16, at32 = self.backbone.channels
        wide, mid, thin = FEATURES[8], FEATURES[4], FEATURES[2]
        self.lateral32 = nn.Conv2d(at32, wide, 1)
        self.lateral16 = nn.Conv2d(at16, wide, 1)
        self.lateral8 = nn.Conv2d(at8, wide, 1)
        self.smooth8 = nn.Conv2d(wide, wide, 3, padding=1)
        self.narrow8 = nn.Conv2d(wide, mid, 1)
        self.lateral4 = nn.Conv2d(at4, mid, 1)
        self.detail2 = nn.Conv2d(3, thin, 4, stride=2, padding=1)
        self.detail4 = nn.Conv2d(thin, mid, 3, stride=2, padding=1)
        self.smooth4 = nn.Conv2d(mid, mid, 3, padding=1)
        self.raise4 = nn.Conv2d(mid, thin, 1)
        self.latent = nn.Linear(at32, LATENT)
        self.drop_features = ChannelDropout(FEATURE_DROPOUT)
        self.drop_latent = ChannelDropout(LATENT_DROPOUT)
        self.channels_last = False  # of the features

    def export_form(self) -> EdgeEncoder:
        """A copy whose features are [N,H/s,W/s,C]: a part of them is whole rows then, and cheap to copy."""
        form = copy.deepcopy(self)
        form.channels_last = True
        return form

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """[N,3,H,W] in [0,1], H and W multiples of 32.

        Returns:
            features_2 [N,16,H/2,W/2], features_4 [N,32,H/4,W/4], features_8 [N,32,H/8,W/8], latent [N,64].
        """
        at4, at8, at16, at32 = (self.drop_features(f) for f in self.backbone(F.avg_pool2d(rgb, 2)))
        top = self.lateral32(at32)
        top = F.relu(self.lateral16(at16) + upsample(top))
        features8 = activate(self.smooth8(F.relu(self.lateral8(at8) + upsample(top))))
        detail = activate(self.detail2(rgb))
        mixed = self.lateral4(at4) + upsample(self.narrow8(features8)) + self.detail4(detail)
        features4 = activate(self.smooth4(F.relu(mixed)))
        features2 = F.relu(detail + double(self.raise4(features4)))
        latent = activate(self.latent(self.drop_latent(global_mean(at32))))
        if self.channels_last:
            return *(f.permute(0, 2, 3, 1) for f in (features2, features4, features8)), latent
        return features2, features4, features8, latent


class EdgeLayer(nn.Module):
    """The generator layer of one class: condition and features -> relative contrast in [-1, 1].

    Resolution grows by repetition and by depth-to-space alone: interpolation would let a pixel see further,
    and a layer runs on the surroundings of its class, as far as its pixels see (`region_growth`).
    """

    def __init__(self) -> None:
        super().__init__()
        wide, mid, thin = WIDTHS[8], WIDTHS[4], WIDTHS[2]
        self.embed8 = nn.Conv2d(3, wide, 1)
        self.skip8 = nn.Conv2d(FEATURES[8], wide, 1)
        self.conv8 = StyleConv(wide, wide, LATENT)
        self.raise8 = nn.Conv2d(wide, mid, 1)
        self.embed4 = nn.Conv2d(3, mid, 1)
        self.skip4 = nn.Conv2d(FEATURES[4], mid, 1)
        self.conv4 = StyleConv(mid, mid, LATENT)
        self.raise4 = nn.Conv2d(mid, thin, 1)
        self.skip2 = nn.Conv2d(FEATURES[2], thin, 1)
        self.contrast = nn.Conv2d(thin, 4, 3, padding=1)
        nn.init.normal_(self.contrast.weight, std=0.01)
        nn.init.zeros_(self.contrast.bias)
        self.rise = 2  # of the contrast over its convolution's output
        self.channels_last = False  # of the features

    def export_form(self) -> EdgeLayer:
        """A copy that computes the same, faster, from the features of the encoder's export form.

        The last convolution makes four of its cells at once: four output channels leave three quarters of a
        vector unit of 16 lanes idle; sixteen fill it.
        """
        form = copy.deepcopy(self)
        form.contrast, form.rise = _by_fours(self.contrast), 4
        form.channels_last = True
        return form

    def load_export_form(self, form: EdgeLayer) -> None:
        """Take the weights of a layer in its export form."""
        state = form.state_dict()
        state["contrast.weight"] = state["contrast.weight"][_FIRST_CELL, :, :3, :3]
        state["contrast.bias"] = state["contrast.bias"][_FIRST_CELL]
        self.load_state_dict(state)

    def forward(
        self, features2: Tensor, features4: Tensor, features8: Tensor, latent: Tensor, condition: Tensor
    ) -> Tensor:
        """The encoder's outputs and condition [N,3,H/4,W/4] (mask, edge, R_k) -> contrast [N,1,H,W]."""
        if self.channels_last:
            features2 = features2.permute(0, 3, 1, 2)
            features4 = features4.permute(0, 3, 1, 2)
            features8 = features8.permute(0, 3, 1, 2)
        x = F.relu(self.embed8(F.avg_pool2d(condition, 2)) + self.skip8(features8))
        x = double(self.raise8(activate(self.conv8(x, latent))))
        x = F.relu(x + self.embed4(condition) + self.skip4(features4))
        x = double(self.raise4(activate(self.conv4(x, latent))))
        x = F.relu(x + self.skip2(features2))
        return torch.tanh(F.pixel_shuffle(self.contrast(x), self.rise).float())


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
        contrasts, places = [], []
        for k, layer in enumerate(self.layers.values()):
            rows = torch.nonzero(present[:, k]).flatten()
            if len(rows):
                seen = features if len(rows) == len(rgb) else [Rows.apply(f, rows) for f in features]
                contrasts.append(layer(*seen, conditions[rows, k])[:, 0])
                places.append(rows * len(self.layers) + k)
        planes = rgb.new_zeros(len(rgb) * len(self.layers), *rgb.shape[2:])
        planes.index_copy_(0, torch.cat(places), torch.cat(contrasts))
        return planes.view(len(rgb), len(self.layers), *rgb.shape[2:])
