"""Large frames in a graph of one size: encoder and layers see them reduced, as in the SDK (decision 0019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.pipeline.composition import Composition, Preparation


class ReducedPreparation(nn.Module):
    """What encoder and layers are given of a large frame.

    Args:
        preparation: of what they see.
        factor: pixels of the frame, along each axis, that become one.
        alignment: both sides of what they see are multiples of it.
    """

    def __init__(self, preparation: Preparation, factor: int, alignment: int) -> None:
        super().__init__()
        self.preparation, self.factor, self.alignment = preparation, factor, alignment

    def forward(self, rgb: Tensor, labels: Tensor, thermal_labels: Tensor) -> tuple[Tensor, ...]:
        """Give planes and conditions, as `Preparation` does, of the reduced frame."""
        height, width = labels.shape[1:]
        rows, columns = self._seen(height), self._seen(width)
        planes = square_means(rgb.float().permute(0, 3, 1, 2), self.factor) / 255
        middle, centre = self._middle(rows, height), self._middle(columns, width)
        return self.preparation.told(
            planes.index_select(2, rows).index_select(3, columns),
            # Cast first: TensorRT takes uint8 at an input and nowhere else.
            labels.int().index_select(1, middle).index_select(2, centre),
            thermal_labels.index_select(1, middle).index_select(2, centre),
        )

    def _seen(self, side: int) -> Tensor:
        """Places among the squares of a side, the last one repeated up to a multiple of the alignment."""
        squares = -(-side // self.factor)
        return torch.arange(squares + -squares % self.alignment).clamp(max=squares - 1)

    def _middle(self, squares: Tensor, side: int) -> Tensor:
        """Pixels in the middle of squares, as `thermalsdk.reduction.picked` takes them."""
        return (self.factor * squares + self.factor // 2).clamp(max=side - 1)


class EnlargedComposition(nn.Module):
    """The composition of a large frame whose contrasts were made on the reduced one."""

    def __init__(self, composition: Composition, factor: int) -> None:
        super().__init__()
        self.composition, self.factor = composition, factor

    def forward(
        self, labels: Tensor, instances: Tensor, thermal_labels: Tensor, contrasts: tuple[Tensor, ...]
    ) -> Tensor:
        """Give kelvin, as `Composition` does; contrasts are [1,1,h,w] of what the layers saw."""
        height, width = labels.shape[1:]
        at_full_size = tuple(
            F.interpolate(c, scale_factor=self.factor, mode="bilinear", align_corners=False)
            for c in contrasts
        )
        return self.composition(
            labels, instances, thermal_labels, tuple(c[..., :height, :width] for c in at_full_size)
        )


def square_means(planes: Tensor, factor: int) -> Tensor:
    """`reference.reduce` of planes [1,C,H,W] of whole numbers; they stay whole."""
    missing = [-side % factor for side in planes.shape[2:]]
    edges = [0, missing[1], 0, missing[0]]
    sums, pixels = (
        (F.avg_pool2d(F.pad(values, edges), factor) * factor**2).round()
        for values in (planes, torch.ones_like(planes[:, :1]))
    )
    # The quarter keeps whole results whole: they come in steps of 1 / pixels.
    return ((sums + (pixels / 2).floor() + 0.25) / pixels).floor()
