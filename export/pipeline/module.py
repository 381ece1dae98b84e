"""The whole synthesis as one module: colours, class map, objects and R in, kelvin out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.graphs import BundleGraphs
from export.pipeline.composition import Composition, Conditions
from thermalsdk.bundle import Manifest


class Pipeline(nn.Module):
    """Encoder, every layer on the whole frame, composition.

    A class that the frame lacks has no weight in any pixel: its layer runs, and its result is not seen.

    Args:
        graphs: the modules of a bundle.
        manifest: what the bundle says of classes and composition.
    """

    def __init__(self, graphs: BundleGraphs, manifest: Manifest) -> None:
        super().__init__()
        coding = manifest.thermal_normalization
        classes = len(manifest.classes)
        self.encoder = graphs.encoder.module
        self.layers = nn.ModuleList(graphs.layers[name].module for name in manifest.classes)
        self.conditions = Conditions(classes, coding.offset_kelvin, coding.scale_kelvin)
        self.composition = Composition(
            classes, manifest.contrast_kelvin, manifest.feather_pixels, coding.offset_kelvin
        )

    def forward(self, rgb: Tensor, labels: Tensor, instances: Tensor, thermal_labels: Tensor) -> Tensor:
        """One frame; H and W multiples of 32.

        Args:
            rgb: uint8 [1,H,W,3].
            labels: uint8 [1,H,W], the bundle's ids.
            instances: int32 [1,H,W], 0 to 65535; an object is a pair of label and instance.
            thermal_labels: R, float32 [1,H,W] in kelvin.

        Returns:
            Surface temperature, float32 [1,H,W] in kelvin.
        """
        ids, told = labels.int()[:, None], thermal_labels[:, None]
        features = self.encoder(rgb.permute(0, 3, 1, 2).float() / 255)
        masks, conditions = self.conditions(ids, told)
        contrasts = torch.cat(
            [layer(*features, conditions[:, k]) for k, layer in enumerate(self.layers)], dim=1
        )
        return self.composition(contrasts, masks, ids, instances[:, None], told)[:, 0]
