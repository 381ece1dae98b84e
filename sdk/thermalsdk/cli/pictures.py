"""Pictures that the commands put together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]

_GAP = 4


def side_by_side(left: Picture, right: Picture) -> Picture:
    """Two pictures (uint8 HxWx3) with a dark gap between them; the right one takes the left one's height."""
    if right.shape[0] != left.shape[0]:
        width = round(right.shape[1] * left.shape[0] / right.shape[0])
        right = np.asarray(Image.fromarray(right).resize((width, left.shape[0]), Image.Resampling.NEAREST))
    gap = np.full((left.shape[0], _GAP, 3), 16, np.uint8)
    return np.concatenate([left, gap, right], axis=1)
