"""Other skies for the segmenter: a few days of driving hold few skies, and a cloud is no building."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

OCTAVES = 5
# Zenith, horizon and cloud colours are drawn between these pairs: overcast, clear, dusk.
PALETTES = np.array(
    [
        [(150, 160, 170), (215, 220, 225), (240, 240, 240)],
        [(70, 120, 190), (170, 200, 230), (250, 250, 250)],
        [(110, 115, 135), (245, 205, 170), (90, 85, 100)],
        [(60, 60, 80), (190, 140, 120), (225, 170, 150)],
    ],
    np.float32,
)


def repaint_sky(
    rng: np.random.Generator, rgb: NDArray[np.uint8], sky: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """A copy of a picture with another sky where `sky` says: a random gradient under fractal clouds.

    Args:
        rgb: uint8 [H,W,3].
        sky: [H,W].
    """
    height, width = sky.shape
    zenith, horizon, cloud = PALETTES[rng.integers(len(PALETTES))] * rng.uniform(0.7, 1.1)
    fall = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    clear = zenith * (1 - fall) + horizon * fall
    cover = _fractal_noise(rng, (height, width))
    threshold, softness = rng.uniform(-1, 1.5), rng.uniform(0.1, 1)
    share = np.clip((cover - threshold) / softness, 0, 1)[..., None]
    shading = 1 + 0.08 * _fractal_noise(rng, (height, width))[..., None]
    painted = (clear * (1 - share) + cloud * share * shading).clip(0, 255)
    inside = cv2.GaussianBlur(sky.astype(np.float32), (0, 0), 1.0)[..., None]
    return (painted * inside + rgb * (1 - inside)).astype(np.uint8)


def _fractal_noise(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """Noise of unit variance, stretched sideways as clouds are: half the scale has 0.6 of the amplitude."""
    height, width = size
    stretch = rng.uniform(1, 4)
    total = np.zeros(size, np.float32)
    for octave in range(OCTAVES):
        cells = 3 * 2**octave
        grid = rng.standard_normal((cells, max(2, round(cells * width / height / stretch))), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**octave)
    return (total - total.mean()) / total.std()
