"""The per-pixel work of `thermalsdk.compositing.reference` as PyTorch modules, for export to ONNX.

Only operators that ONNX has: comparisons, pooling, elementwise work, one scatter. Everything is float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thermalsdk.compositing.reference import CELL

#: Instance ids that a class can have.
INSTANCES = 65536


class Preparation(nn.Module):
    """What encoder and layers are given of a frame that they see as it is.

    Args:
        classes: how many.
        offset, scale: normalisation of R in kelvin.
    """

    def __init__(self, classes: int, offset: float, scale: float) -> None:
        super().__init__()
        self.classes, self.offset, self.scale = classes, offset, scale

    def forward(self, rgb: Tensor, labels: Tensor, thermal_labels: Tensor) -> tuple[Tensor, ...]:
        """Give the colour planes and one condition for each class (`reference.planes`, `.conditions`).

        Args:
            rgb: uint8 [1,H,W,3].
            labels: uint8 [1,H,W].
            thermal_labels: R, float32 [1,H,W] in kelvin.

        Returns:
            Planes [1,3,H,W] in [0,1], then by class [1,3,H/4,W/4]: mask, edge and R_k.
        """
        # Cast first: TensorRT takes uint8 at an input and nowhere else.
        return self.told(rgb.float().permute(0, 3, 1, 2) / 255, labels, thermal_labels)

    def told(self, planes: Tensor, labels: Tensor, thermal_labels: Tensor) -> tuple[Tensor, ...]:
        """The planes [1,3,H,W] with the conditions."""
        masks = one_hot(labels, self.classes)
        edges = masks * at_class_border(labels)
        told = masks * ((thermal_labels[:, None] - self.offset) / self.scale)
        cells = [F.avg_pool2d(planes, CELL).split(1, 1) for planes in (masks, edges, told)]
        conditions = (torch.cat(channels, 1) for channels in zip(*cells, strict=True))
        return planes, *conditions


class Composition(nn.Module):
    """Layers on top of each other, each object's mean held at its R (`reference.composite`).

    Args:
        contrast_kelvin: c.
        feather: half the window's width in pixels.
        offset: kelvin near the scene's; float32 near 300 K steps by 3e-5, so sums are of differences from it.
    """

    def __init__(self, contrast_kelvin: float, feather: int, offset: float) -> None:
        super().__init__()
        self.contrast_kelvin, self.feather, self.offset = contrast_kelvin, feather, offset

    def forward(
        self, labels: Tensor, instances: Tensor, thermal_labels: Tensor, contrasts: tuple[Tensor, ...]
    ) -> Tensor:
        """Kelvin.

        Args:
            labels: uint8 [1,H,W]; instances: int32 [1,H,W], 0 to 65535. An object is a pair of both.
            thermal_labels: R, float32 [1,H,W] in kelvin.
            contrasts: of each class [1,1,H,W], anything finite where the class is absent.

        Returns:
            Surface temperature, float32 [1,H,W] in kelvin.
        """
        ids, classes = labels.int(), len(contrasts)
        own = torch.cat(contrasts, 1).gather(1, ids.long()[:, None])[:, 0]
        objects = ids * INSTANCES + instances
        masks = one_hot(labels, classes)
        coverage = windowed(masks, self.feather)
        # The window's weights are powers of two: where it holds one class, coverage is 1 to the bit.
        core = ((masks * coverage).sum(1) == 1).float()
        means = core_means(own, core, objects, classes)
        base = (thermal_labels - self.offset) - self.contrast_kelvin * means
        planes = (masks, coverage, windowed(masks * base[:, None], self.feather))
        temperature, weight = torch.zeros_like(base), torch.zeros_like(base)
        visible = torch.ones_like(base)
        by_class = zip(contrasts, *(p.split(1, 1) for p in planes), strict=True)
        for contrast, mask, covered, weighted in reversed([[p[:, 0] for p in group] for group in by_class]):
            extended = weighted / torch.where(covered > 0, covered, 1.0)
            surface = torch.where(mask > 0, base, extended) + self.contrast_kelvin * contrast
            temperature = temperature + covered * visible * surface
            weight = weight + covered * visible
            visible = visible * (1 - covered)
        return temperature / weight + self.offset


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels [1,H,W] -> masks of 0 and 1, float32 [1,K,H,W]."""
    return (labels.int()[:, None] == torch.arange(classes, dtype=torch.int32)[None, :, None, None]).float()


def at_class_border(labels: Tensor) -> Tensor:
    """1 at pixels with a 4-neighbour of another label: [1,H,W] -> float32 [1,1,H,W]."""
    ids = labels.int()
    down, across = ids[:, 1:] != ids[:, :-1], ids[..., 1:] != ids[..., :-1]
    none_down, none_across = torch.zeros_like(down[:, :1]), torch.zeros_like(across[..., :1])
    vertical = torch.cat([none_down, down], 1) | torch.cat([down, none_down], 1)
    horizontal = torch.cat([none_across, across], 2) | torch.cat([across, none_across], 2)
    return (vertical | horizontal).float()[:, None]


def core_means(values: Tensor, core: Tensor, objects: Tensor, classes: int) -> Tensor:
    """Mean of values [1,H,W] over the core of each object, painted over the object.

    Args:
        values: float32 [1,H,W].
        core: 1 at the pixels that count, else 0. An object without any is averaged over all its pixels.
        objects: ids below classes * INSTANCES.
    """
    ids = objects.flatten().long()
    empty = torch.zeros(classes * INSTANCES, dtype=values.dtype)
    has_core = empty.scatter_add(0, ids, core.flatten()).index_select(0, ids) > 0
    counted = torch.where(has_core, core.flatten(), 1.0)
    sums = empty.scatter_add(0, ids, counted * values.flatten())
    pixels = empty.scatter_add(0, ids, counted)
    return (sums / pixels.clamp(min=1)).index_select(0, ids).reshape(values.shape)


def windowed(planes: Tensor, feather: int) -> Tensor:
    """Binomial window of order 2 * feather around each pixel of [1,K,H,W], edges replicated.

    It is 2 * feather times the mean of 2x2 neighbours, exact for masks: without the class in its window a
    pixel has 0.
    """
    x = F.pad(planes, [feather] * 4, mode="replicate")
    for _ in range(2 * feather):
        x = F.avg_pool2d(x, 2, stride=1)
    return x
