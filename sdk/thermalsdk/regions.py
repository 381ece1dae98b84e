"""Where a layer has to run: a box around its class, grown by what the layer sees around a pixel.

Outside of its class and the feather a layer's contrast is never read, so it runs on a part of the frame. The
result is the full frame's, because the box is grown by more than the layer's receptive field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Pixels around a class that a layer and the feather may look at (design: at most 32).
GROWTH = 32
#: Boxes start and end at multiples of the coarsest feature's stride.
STEP = 8


@dataclass(frozen=True)
class Region:
    """A box of pixels, its edges multiples of STEP; bottom and right are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    def cells(self, stride: int) -> tuple[slice, slice]:
        """Rows and columns of the box in a plane of that stride."""
        return (
            slice(self.top // stride, self.bottom // stride),
            slice(self.left // stride, self.right // stride),
        )


def region_of(mask: npt.NDArray[np.bool_], growth: int = GROWTH) -> Region | None:
    """Box around the true pixels of a padded frame, or None where there are none.

    Args:
        mask: bool HxW, H and W multiples of STEP.
        growth: pixels to add on every side, as far as the frame goes.
    """
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask.any(0))
    top, bottom = _grown(rows, growth, mask.shape[0])
    left, right = _grown(columns, growth, mask.shape[1])
    return Region(top, bottom, left, right)


def _grown(places: npt.NDArray[np.intp], growth: int, size: int) -> tuple[int, int]:
    first = max(0, int(places[0]) - growth) // STEP * STEP
    last = min(size, int(places[-1]) + 1 + growth)
    return first, -(-last // STEP) * STEP
