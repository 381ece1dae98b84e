"""Pictures that the commands put together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

_GAP = 4


def side_by_side(left: Picture, right: Picture) -> Picture:
    """Two pictures of the same height (uint8 HxWx3) with a dark gap between them."""
    gap = np.full((left.shape[0], _GAP, 3), 16, np.uint8)
    return np.concatenate([left, gap, right], axis=1)
