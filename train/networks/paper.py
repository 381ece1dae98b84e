"""The generators of the paper (section 3), at its width: StyleGAN2 behind a ResNet-18.

The paper leaves open how blocks and noise inputs correspond. StyleGAN2 at 512x512 has eight resolutions and
ResNet-18 eight basic blocks; so block j feeds the j-th resolution from the finest, and both convolutions of a
resolution share its map. The global average of the last block is the latent code P_T and is used as w.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.composition import class_edges, one_hot
from train.networks.resnet import BLOCK_CHANNELS, ResNet18
from train.networks.stylegan2 import LATENT, EqualConv, EqualLinear, Synthesis


def outlined_maps(labels: Tensor, classes: int) -> Tensor:
    """Semantic segmentation with white edges (section 3.1), one plane per class.

    Args:
        labels: int64 [N,H,W].
        classes: K.

    Returns:
        float32 [N,K,H,W]: 0 outside the class, 0.5 on it, 1 on its edge.
    """
    return one_hot(labels, classes) * (0.5 + 0.5 * class_edges(labels))


def paper_conditions(
    labels: Tensor, thermal_labels: Tensor, classes: int, offset: float, scale: float
) -> Tensor:
    """What each layer is told besides RGB (figure 4), at full resolution.

    Args:
        labels: int64 [N,H,W].
        thermal_labels: R, float32 [N,H,W] in kelvin.
        classes: K.
        offset, scale: normalisation of R in kelvin.

    Returns:
        float32 [N,K,2,H,W]: the class's outlined map and its R_k, both zero outside the class.
    """
    thermal = one_hot(labels, classes) * ((thermal_labels - offset) / scale)[:, None]
    return torch.stack((outlined_maps(labels, classes), thermal), 2)


def centred(rgb: Tensor) -> Tensor:
    """[0,1] -> [-1,1]."""
    return 2 * rgb - 1


class PaperLayer(nn.Module):
    """Encoder and style decoder: planes -> relative contrast (section 3.2).

    Below 512 there are fewer resolutions than blocks: only the first blocks have a pointwise convolution.

    Args:
        size: of the square frame, one of `stylegan2.SIZES`. Batch normalisation needs more than one value per
            channel: batches of one can be trained from size 64 on.
        inputs: planes; 5 are RGB, the class's outlined map and R_k.
        channel_multiplier, cap: of the synthesis network; 2 and 512 are the paper's width.
    """

    def __init__(self, size: int, inputs: int = 5, channel_multiplier: float = 2.0, cap: int = 512) -> None:
        super().__init__()
        self.encoder = ResNet18(inputs)
        self.synthesis = Synthesis(size, LATENT, channel_multiplier, cap)
        used = BLOCK_CHANNELS[: len(self.synthesis.resolutions)]
        self.skips = nn.ModuleList(EqualConv(channels, 1, 1) for channels in used)

    def encode(self, planes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[N,inputs,S,S] -> latent P_T [N,512] and noise maps [N,1,r,r], coarsest first."""
        features, latent = self.encoder(planes)
        finest_first = reversed(self.synthesis.resolutions)
        noises = [
            F.interpolate(skip(feature), size=(r, r), mode="nearest")
            for skip, feature, r in zip(self.skips, features, finest_first, strict=False)
        ]
        return latent, noises[::-1]

    def decode(self, latent: Tensor, noises: list[Tensor]) -> Tensor:
        """What `encode` gives -> relative contrast [N,1,S,S] in [-1,1]."""
        return torch.tanh(self.synthesis(latent, noises).float())

    def forward(self, planes: Tensor) -> Tensor:
        """[N,inputs,S,S] -> [N,1,S,S] in [-1,1]."""
        return self.decode(*self.encode(planes))


class PaperGenerator(nn.Module):
    """Second approach, "LayerGAN original": one independent network per class, in painter's order.

    Args:
        classes: names, in painter's order.
        size, channel_multiplier, cap: see `PaperLayer`.
        conditions: planes per class besides RGB: 2 as `paper_conditions` makes them, 3 where mask and edge
            are apart.
    """

    def __init__(
        self,
        classes: tuple[str, ...],
        size: int,
        channel_multiplier: float = 2.0,
        cap: int = 512,
        conditions: int = 2,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.layers = nn.ModuleDict(
            {name: PaperLayer(size, 3 + conditions, channel_multiplier, cap) for name in classes}
        )

    def forward(self, rgb: Tensor, conditions: Tensor, present: Tensor) -> Tensor:
        """Relative contrast of every class, as `EdgeGenerator` gives it.

        Args:
            rgb: [N,3,S,S] in [0,1].
            conditions: [N,K,C,S,S], at full resolution.
            present: bool [N,K]; a layer runs only on the samples that hold its class.

        Returns:
            [N,K,S,S] in [-1,1], zero where a class is absent.
        """
        outputs = []
        for k, layer in enumerate(self.layers.values()):
            rows = torch.nonzero(present[:, k]).flatten()
            canvas = rgb.new_zeros(rgb.shape[0], *rgb.shape[2:])
            if len(rows):
                planes = torch.cat((centred(rgb[rows]), conditions[rows, k]), 1)
                canvas = canvas.index_copy(0, rows, layer(planes)[:, 0])
            outputs.append(canvas)
        return torch.stack(outputs, 1)


class ReducedGenerator(nn.Module):
    """Table 1's "LayerGAN reduced": the same network without division into layers."""

    def __init__(self, classes: int, size: int, channel_multiplier: float = 2.0, cap: int = 512) -> None:
        super().__init__()
        self.layer = PaperLayer(size, 3 + classes + 1, channel_multiplier, cap)

    def forward(self, rgb: Tensor, maps: Tensor, thermal: Tensor) -> Tensor:
        """Relative contrast of the whole frame.

        Args:
            rgb: [N,3,S,S] in [0,1].
            maps: [N,K,S,S], see `outlined_maps`.
            thermal: R, normalised, [N,1,S,S].

        Returns:
            [N,1,S,S] in [-1,1].
        """
        return self.layer(torch.cat((centred(rgb), maps, thermal), 1))


class SegmentationGenerator(nn.Module):
    """First approach (figure 2): no colour; R, semantic segmentation and a temperature vector T.

    The paper does not say where T enters; a linear map of it is added to the latent code P_T, the one input
    of the decoder that has no place in the frame.
    """

    def __init__(self, classes: int, size: int, channel_multiplier: float = 2.0, cap: int = 512) -> None:
        super().__init__()
        self.layer = PaperLayer(size, classes + 1, channel_multiplier, cap)
        self.temperature = EqualLinear(classes, LATENT)

    def forward(self, maps: Tensor, thermal: Tensor, temperatures: Tensor) -> Tensor:
        """Relative contrast of the whole frame.

        Args:
            maps: [N,K,S,S], see `outlined_maps`.
            thermal: R, normalised, [N,1,S,S].
            temperatures: [N,K], mean temperature of each class, normalised like R; 0 for an absent class.

        Returns:
            [N,1,S,S] in [-1,1].
        """
        latent, noises = self.layer.encode(torch.cat((maps, thermal), 1))
        return self.layer.decode(latent + self.temperature(temperatures), noises)
