"""Night out of day for the segmenter: labelled people are many by day and few at night."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Red, green and blue of the light that is left: sodium and LED street lamps, moon and city glow.
LAMPS = np.array([(1.0, 0.85, 0.6), (1.0, 0.97, 0.92), (0.85, 0.95, 1.0)], np.float32)
LIGHT_CELLS = (3, 4)


def darken_to_night(rng: np.random.Generator, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of a day picture as if taken at night: little light, in pools, of a lamp's colour, with noise.

    Args:
        rgb: uint8 [H,W,3].
    """
    height, width = rgb.shape[:2]
    pools = cv2.resize(
        rng.uniform(0.15, 1, LIGHT_CELLS).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    light = (rng.uniform(0.25, 0.9) * np.clip(pools, 0.05, 1))[..., None] * LAMPS[rng.integers(len(LAMPS))]
    night = np.power(rgb.astype(np.float32) / 255, rng.uniform(1.2, 2.2)) * light
    # Photons are counted: what is dark is relatively noisy.
    spread = rng.uniform(0.005, 0.03) * np.sqrt(night + 0.05)
    night += spread * rng.standard_normal(night.shape, dtype=np.float32)
    return (night.clip(0, 1) * 255).astype(np.uint8)
