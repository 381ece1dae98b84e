"""From the scene to the detector: size, point spread, vignetting. All of it on radiance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk import compositing
from thermalsdk.camera.config import Blur, Resolution, Vignetting
from thermalsdk.radiometry import Band

Float32 = npt.NDArray[np.float32]


def size_on_detector(size: tuple[int, int], detector: Resolution) -> tuple[int, int]:
    """(H, W) of a frame averaged down to fit the detector with its shape kept; it is never enlarged."""
    height, width = size
    scale = min(detector.height / height, detector.width / width, 1.0)
    return max(1, round(height * scale)), max(1, round(width * scale))


def averaged(radiance: Float32, size: tuple[int, int]) -> Float32:
    """Mean over the area of each detector pixel: float32 of `size`."""
    if radiance.shape == size:
        return radiance
    resized = Image.fromarray(radiance).resize((size[1], size[0]), Image.Resampling.BOX)
    return np.asarray(resized, np.float32).copy()


class PointSpread:
    """Separable Gaussian of a few pixels.

    With the averaging over detector pixels before it, its response at the Nyquist frequency is the configured
    one; an average that leaves less than that is not blurred.

    Args:
        config: what optics and pixel leave together.
        averaged: sides of a detector pixel in pixels of the scene, 1 where nothing was averaged.
    """

    def __init__(self, config: Blur, averaged: float = 1.0) -> None:
        left = config.mtf_at_nyquist / _averages_response(averaged)
        self.weights = _gaussian(_sigma(left)) if left < 1 else np.ones(1, np.float32)

    def __call__(self, radiance: Float32) -> Float32:
        """Blurred radiance, float32 HxW, edges replicated."""
        return compositing.blur(radiance, self.weights)


def _averages_response(pixels: float) -> float:
    """Transfer of a mean over so many samples at half a cycle per mean: 1 for one, 2 / pi for many."""
    return float(1 / (pixels * np.sin(0.5 * np.pi / pixels)))


def _gaussian(sigma: float) -> Float32:
    """Weights at the distances 0, 1, 2, ...; both sides together have the sum 1."""
    reach = max(1, round(3.5 * sigma))
    weights = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2)
    return (weights / (weights[0] + 2 * weights[1:].sum())).astype(np.float32)


def response(weights: npt.NDArray[np.floating], frequency: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Modulation transfer of such weights at frequencies in cycles per pixel."""
    distances = np.arange(1, len(weights))
    waves = np.cos(2 * np.pi * np.multiply.outer(np.asarray(frequency, np.float64), distances))
    return np.asarray(weights[0] + 2 * waves @ np.asarray(weights[1:], np.float64))


def _sigma(mtf_at_nyquist: float) -> float:
    """Standard deviation in pixels, by bisection: sampled so coarsely, a Gaussian has no closed form."""
    low, high = 0.1, 4.0
    for _ in range(50):
        middle = (low + high) / 2
        if response(_gaussian(middle), 0.5) > mtf_at_nyquist:
            low = middle
        else:
            high = middle
    return high


class Falloff:
    """Vignetting of one frame size: towards the corners, the housing shines in."""

    def __init__(self, config: Vignetting, size: tuple[int, int], band: Band) -> None:
        height, width = size
        down, across = np.linspace(-1, 1, height) ** 2, np.linspace(-1, 1, width) ** 2
        lost = config.corner * ((down[:, None] + across) / 2) ** 2
        self._kept = (1 - lost).astype(np.float32)
        self._added = (lost * band.radiance_at(config.housing_kelvin)).astype(np.float32)

    def apply(self, radiance: Float32) -> None:
        """Change radiance HxW in place."""
        radiance *= self._kept
        radiance += self._added
