"""Where a layer has to run: boxes around its class, grown by what the layer sees around a pixel.

Outside of its class and the feather a layer's contrast is never read, so it runs on parts of the frame. The
result is the full frame's, because a box is grown by more than the layer's receptive field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing

#: Boxes start and end at multiples of the coarsest feature's stride, in pixels as a layer sees them.
CELL = 8
#: What one run of a layer costs besides its pixels, in cells.
OVERHEAD_CELLS = 96
#: Sides of boxes in pixels, so that few shapes occur; a box between these takes the next one up.
SIDES = tuple(CELL * cells for cells in (*range(4, 32, 2), *range(32, 64, 4), *range(64, 257, 8)))


class Box(NamedTuple):
    """Pixels of a frame; bottom and right are exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    def cells(self, stride: int) -> tuple[slice, slice]:
        """Rows and columns of the box in a plane of that stride."""
        return (
            slice(self.top // stride, self.bottom // stride),
            slice(self.left // stride, self.right // stride),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return (self.bottom - self.top, self.right - self.left)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.bottom - self.top) * (self.right - self.left)


class Region(NamedTuple):
    """One run of a layer: it is run on `box` and right on `core`, feather included."""

    class_id: int
    core: Box
    box: Box


@dataclass(frozen=True, eq=False)
class Regions:
    """The runs of the layers on one frame.

    Args:
        rows: int32 [n,9], as `compositing.plan_regions` returns them.
        runs: the same, one by one.
        starts: for each run, how many pixels the boxes before it have.
        pixels: of all boxes.
    """

    rows: npt.NDArray[np.int32]
    runs: tuple[Region, ...]
    starts: tuple[int, ...]
    pixels: int

    @classmethod
    def of(cls, rows: npt.NDArray[np.int32]) -> Regions:
        """Read the rows."""
        runs = tuple(Region(row[0], Box(*row[1:5]), Box(*row[5:])) for row in rows.tolist())
        *starts, pixels = accumulate((run.box.area for run in runs), initial=0)
        return cls(rows, runs, tuple(starts), pixels)

    @classmethod
    def whole(cls, class_ids: Iterable[int], size: tuple[int, int]) -> Regions:
        """Each of the layers once, on a whole frame of `size` (H, W)."""
        frame = (0, 0, *size)
        return cls.of(np.array([(number, *frame, *frame) for number in class_ids], np.int32))


def plan_regions(
    labels: npt.NDArray[np.uint8],
    classes: int,
    growth: int,
    sides: Sequence[int] = SIDES,
    reduction: int = 1,
) -> Regions:
    """Regions of the classes that the map holds.

    Args:
        labels: uint8 HxW, H and W multiples of CELL * reduction.
        classes: number of classes.
        growth: pixels that a layer and the feather see beyond a core; a multiple of CELL.
        sides: sides that boxes may have, rising multiples of CELL; what fits in none takes the frame's.
        reduction: pixels of the map, along each axis, that a layer sees as one. What it sees and the sides
            are in pixels of its own.
    """
    sizes = [side // CELL for side in sides]
    return Regions.of(
        compositing.plan_regions(labels, classes, growth // CELL, OVERHEAD_CELLS, sizes, reduction)
    )
