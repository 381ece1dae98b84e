"""The per-pixel work of `thermalsdk.compositing.reference` as a PyTorch module, for one ONNX graph.

Only operators that ONNX has: comparisons, pooling, elementwise work, one scatter. Everything is float32. Temperatures are
taken as differences from an offset near them, because float32 near 300 K steps by 3e-5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thermalsdk.compositing.reference import CELL

#: Instance ids that a class can have.
INSTANCES = 65536


class Conditions(nn.Module):
    """What every layer is told (`reference.condition`).

    Args:
        classes: how many.
        offset, scale: normalisation of R in kelvin.
    """

    def __init__(self, classes: int, offset: float, scale: float) -> None:
        super().__init__()
        self.offset, self.scale = offset, scale
        self.register_buffer("ids", torch.arange(classes, dtype=torch.int32)[None, :, None, None])

    def forward(self, labels: Tensor, thermal_labels: Tensor) -> tuple[Tensor, Tensor]:
        """Labels int32 [1,1,H,W], R [1,1,H,W] -> masks [1,K,H,W], conditions [1,K,3,H/4,W/4]."""
        masks = (labels == self.ids).float()
        edges = masks * at_class_border(labels)
        normalised = masks * ((thermal_labels - self.offset) / self.scale)
        planes = [F.avg_pool2d(plane, CELL) for plane in (masks, edges, normalised)]
        return masks, torch.stack(planes, 2)


class Composition(nn.Module):
    """Layers on top of each other, each object's mean held at its R (`reference.composite`).

    Args:
        classes: how many.
        contrast_kelvin: c.
        feather: half the window's width in pixels.
        offset: kelvin near the scene's.
    """

    def __init__(self, classes: int, contrast_kelvin: float, feather: int, offset: float) -> None:
        super().__init__()
        self.classes, self.contrast_kelvin = classes, contrast_kelvin
        self.feather, self.offset = feather, offset

    def forward(
        self, contrasts: Tensor, masks: Tensor, labels: Tensor, instances: Tensor, thermal_labels: Tensor
    ) -> Tensor:
        """Kelvin.

        Args:
            contrasts: [1,K,H,W], anything finite where a class is absent.
            masks: [1,K,H,W] of 0 and 1.
            labels, instances: int32 [1,1,H,W]; an object is a pair of both.
            thermal_labels: R, [1,1,H,W].

        Returns:
            [1,1,H,W].
        """
        own = contrasts.gather(1, labels.long())
        means = self._object_means(own, labels, instances)
        base = (thermal_labels - self.offset) - self.contrast_kelvin * means
        planes = zip(
            *(p.split(1, 1) for p in (contrasts, masks, self._windowed(masks), self._windowed(masks * base))),
            strict=True,
        )
        temperature = torch.zeros_like(base)
        weight = torch.zeros_like(base)
        visible = torch.ones_like(base)
        for contrast, mask, coverage, weighted in reversed(list(planes)):
            extended = weighted / torch.where(coverage > 0, coverage, 1.0)
            surface = torch.where(mask > 0, base, extended) + self.contrast_kelvin * contrast
            temperature = temperature + coverage * visible * surface
            weight = weight + coverage * visible
            visible = visible * (1 - coverage)
        return temperature / weight + self.offset

    def _object_means(self, own: Tensor, labels: Tensor, instances: Tensor) -> Tensor:
        """Mean of `own` over each object, painted over the object."""
        objects = (labels * INSTANCES + instances).flatten().long()
        values = own.flatten()
        empty = torch.zeros(self.classes * INSTANCES, dtype=values.dtype)
        sums = empty.scatter_add(0, objects, values)
        areas = empty.scatter_add(0, objects, torch.ones_like(values))
        means = sums / areas.clamp(min=1)
        return means.index_select(0, objects).reshape(own.shape)

    def _windowed(self, planes: Tensor) -> Tensor:
        """Binomial window around each pixel, edges replicated: 2 * feather times the mean of 2x2 neighbours.

        Exact for masks, so that a pixel without the class in its window has 0.
        """
        x = F.pad(planes, [self.feather] * 4, mode="replicate")
        for _ in range(2 * self.feather):
            x = F.avg_pool2d(x, 2, stride=1)
        return x


def at_class_border(labels: Tensor) -> Tensor:
    """1 at pixels with a 4-neighbour of another label, float32 [1,1,H,W]."""
    down = labels[:, :, 1:] != labels[:, :, :-1]
    across = labels[..., 1:] != labels[..., :-1]
    none_down, none_across = torch.zeros_like(down[:, :, :1]), torch.zeros_like(across[..., :1])
    vertical = torch.cat([none_down, down], 2) | torch.cat([down, none_down], 2)
    horizontal = torch.cat([none_across, across], 3) | torch.cat([across, none_across], 3)
    return (vertical | horizontal).float()
