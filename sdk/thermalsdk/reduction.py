"""Large frames for segmenter and labeller, which have learned what things look like at some sizes alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Shorter side, in pixels, of the frames that both know best (docs/decisions/0019).
_KNOWN_SIDE = 420


def reduction(size: tuple[int, int]) -> int:
    """How many pixels along each axis become one, so that a frame of (H, W) is nearly of a known size."""
    return max(1, round(min(size) / _KNOWN_SIDE))


def reduced(rgb: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    """Means of squares of `factor` pixels a side, uint8 HxWx3; at the right and bottom smaller."""
    from PIL import Image

    return np.asarray(Image.fromarray(rgb).reduce(factor))


def reduced_labels(labels: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    """The class in the upper left of each of these squares, uint8 HxW."""
    return np.ascontiguousarray(labels[::factor, ::factor])


def enlarged(labels: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    """A class map HxW with `factor` pixels a side for each of its pixels."""
    return labels if factor == 1 else labels.repeat(factor, axis=0).repeat(factor, axis=1)
