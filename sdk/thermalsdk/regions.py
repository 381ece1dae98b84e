"""Where a layer has to run: boxes around its class, grown by what the layer sees around a pixel.

Outside of its class and the feather a layer's contrast is never read, so it runs on parts of the frame. The
result is the full frame's, because a box is grown by more than the layer's receptive field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing

#: Boxes start and end at multiples of the coarsest feature's stride.
CELL = 8
#: What one run of a layer costs besides its pixels, in cells.
OVERHEAD_CELLS = 96
#: Sides of boxes in pixels, so that few shapes occur; a box between these takes the next one up.
SIDES = tuple(CELL * cells for cells in (*range(4, 32, 2), *range(32, 64, 4), *range(64, 257, 8)))


@dataclass(frozen=True)
class Box:
    """Pixels of a frame; bottom and right are exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    def cells(self, stride: int) -> tuple[slice, slice]:
        """Rows and columns of the box in a plane of that stride."""
        top, left, bottom, right = self.window(stride)
        return slice(top, bottom), slice(left, right)

    def window(self, stride: int) -> tuple[int, int, int, int]:
        """Top, left, bottom and right of the box in a plane of that stride."""
        return (self.top // stride, self.left // stride, self.bottom // stride, self.right // stride)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.bottom - self.top) * (self.right - self.left)

    def grown(self, pixels: int, size: tuple[int, int]) -> Box:
        """The box with so many pixels more on every side, within a frame of `size` (H, W)."""
        return Box(
            max(0, self.top - pixels),
            max(0, self.left - pixels),
            min(size[0], self.bottom + pixels),
            min(size[1], self.right + pixels),
        )

    def within(self, outer: Box) -> tuple[slice, slice]:
        """Rows and columns of this box in a plane that holds only `outer`."""
        return (
            slice(self.top - outer.top, self.bottom - outer.top),
            slice(self.left - outer.left, self.right - outer.left),
        )


@dataclass(frozen=True)
class Region:
    """One run of a layer: it is run on `box` and right on `core`, feather included."""

    core: Box
    box: Box


def plan_regions(
    labels: npt.NDArray[np.uint8], classes: int, growth: int, sides: Sequence[int] = SIDES
) -> dict[int, list[Region]]:
    """Regions by class id, for the classes that the map holds.

    Args:
        labels: uint8 HxW, H and W multiples of CELL.
        classes: number of classes.
        growth: pixels that a layer and the feather see beyond a core; a multiple of CELL.
        sides: sides that boxes may have, rising multiples of CELL; what fits in none takes the frame's.
    """
    planned: dict[int, list[Region]] = {}
    sizes = [side // CELL for side in sides]
    rows = compositing.plan_regions(labels, classes, growth // CELL, OVERHEAD_CELLS, sizes)
    for number, *edges in rows.tolist():
        planned.setdefault(number, []).append(Region(Box(*edges[:4]), Box(*edges[4:])))
    return planned
