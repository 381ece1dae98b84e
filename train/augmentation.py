"""Random windows and colour changes, NumPy and OpenCV, driven by the caller's generator."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A part of a frame and the size that it is resized to."""

    left: int
    top: int
    width: int
    height: int
    size: tuple[int, int]
    flip: bool

    def picture(self, image: NDArray) -> NDArray:
        """Cut and resize a picture or a field: area-averaged when it shrinks, else bilinear."""
        shrinks = self.height > self.size[0]
        return self._cut(image, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    def ids(self, image: NDArray) -> NDArray:
        """Cut and resize a map of ids: nearest neighbour."""
        # INTER_NEAREST takes the pixel at the left of each place: half a pixel beside what `picture` shows.
        return self._cut(image, cv2.INTER_NEAREST_EXACT)

    def _cut(self, image: NDArray, interpolation: int) -> NDArray:
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        part = cv2.resize(part, self.size[::-1], interpolation=interpolation)
        return np.ascontiguousarray(part[:, ::-1]) if self.flip else part


def random_window(
    rng: np.random.Generator,
    shape: tuple[int, int],
    size: tuple[int, int],
    scales: tuple[float, float],
    centre: tuple[int, int] | None = None,
) -> Window:
    """A window of random place and magnification.

    Args:
        shape: (height, width) of the frame.
        size: (height, width) after resizing.
        scales: range of the magnification; raised where the frame would be too small.
        centre: (y, x) that the window must hold, e.g. a pixel of a rare class.
    """
    least = max(size[0] / shape[0], size[1] / shape[1])
    scale = max(least, float(np.exp(rng.uniform(*np.log(scales)))))
    height = min(shape[0], round(size[0] / scale))
    width = min(shape[1], round(size[1] / scale))
    if centre is None:
        top = rng.integers(0, shape[0] - height + 1)
        left = rng.integers(0, shape[1] - width + 1)
    else:
        top = np.clip(centre[0] - rng.integers(0, height), 0, shape[0] - height)
        left = np.clip(centre[1] - rng.integers(0, width), 0, shape[1] - width)
    return Window(int(left), int(top), width, height, size, bool(rng.random() < 0.5))


def jitter_colours(
    rng: np.random.Generator, rgb: NDArray[np.uint8], strength: float = 1.0
) -> NDArray[np.float32]:
    """Random exposure, gamma, contrast, tint, saturation, blur and noise.

    Args:
        rgb: uint8 [H,W,3].
        strength: factor on the spread of the tone curve.

    Returns:
        float32 of rgb's shape in [0,1].
    """
    x = cv2.LUT(rgb, _tone_curves(rng, float(rgb.mean()) / 255, strength))
    grey = cv2.cvtColor(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    saturation = max(0.0, rng.normal(1, 0.5))
    x = cv2.addWeighted(x, saturation, grey, 1 - saturation, 0)
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.3:
        x += np.float32(rng.uniform(0, 0.04)) * rng.standard_normal(x.shape, dtype=np.float32)
    return np.clip(x, 0, 1)


def _tone_curves(rng: np.random.Generator, mean: float, strength: float) -> NDArray[np.float32]:
    """One random monotone curve per channel for bytes, float32 [1,256,3]: gamma, exposure, contrast, tint."""
    gamma, exposure, contrast = np.exp(strength * rng.normal(0, (0.3, 0.25, 0.25)))
    tint = np.exp(strength * rng.normal(0, 0.1, 3))
    x = np.power(np.linspace(0, 1, 256), gamma) * exposure
    x = (x - mean) * contrast + mean
    return (x[:, None] * tint)[None].astype(np.float32)
