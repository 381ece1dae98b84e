"""Noise of the detector, and its dead pixels. All of it on radiance.

In terms of the three-dimensional noise model (D'Agostino and Webb 1991): the NETD is sigma_tvh, temporal rows
and columns sigma_tv and sigma_th, the fixed pattern sigma_vh, its rows and columns sigma_v and sigma_h.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk.camera.config import BadPixels, Drift, FixedPattern, Noise
from thermalsdk.camera.gaussian import white_noise

Float32 = npt.NDArray[np.float32]

# Every random choice has a generator of its own, so that one stage does not change the numbers of another.
_NOISE, _PATTERN, _DRIFT, _BAD = range(4)


class TemporalNoise:
    """New noise for every picture. `slope` is dL/dT at 300 K, which turns mK into radiance."""

    def __init__(self, config: Noise, slope: float, seed: int) -> None:
        self._config = config
        self._per_mk = slope / 1000.0
        self._seed = seed

    def add(self, radiance: Float32, index: int) -> None:
        """Add the noise of picture `index` in place; it depends on nothing but seed, index and size."""
        rng = _generator(self._seed, _NOISE, index)
        noise = white_noise(rng, (radiance.shape[0], radiance.shape[1]))
        noise *= np.float32(self._config.netd_mk * self._per_mk)
        _add_lines(noise, rng, self._config.row_mk * self._per_mk, self._config.column_mk * self._per_mk)
        radiance += noise


class SpatialPattern:
    """Fixed pattern of one frame size, which a flat-field correction draws anew and drift lets grow."""

    def __init__(
        self,
        pattern: FixedPattern | None,
        drift: Drift | None,
        slope: float,
        seed: int,
        size: tuple[int, int],
    ) -> None:
        self._pattern = pattern or FixedPattern(0.0)
        self._drift = drift
        self._per_mk = slope / 1000.0
        self._seed = seed
        self._size = size
        self._correction = -1
        self._left = self._growing = np.zeros(size, np.float32)

    def add(self, radiance: Float32, correction: int, minutes: float) -> None:
        """Add what is left `minutes` after flat-field correction number `correction`, in place."""
        if correction != self._correction:
            self._renew(correction)
        radiance += self._left
        if self._drift is not None:
            grown = self._drift.mk_per_minute * minutes * self._per_mk
            radiance += self._growing * np.float32(grown)

    def _renew(self, correction: int) -> None:
        self._correction = correction
        rng = _generator(self._seed, _PATTERN, correction)
        self._left = rng.standard_normal(self._size, np.float32)
        self._left *= np.float32(self._pattern.pixel_mk * self._per_mk)
        rows, columns = self._pattern.row_mk * self._per_mk, self._pattern.column_mk * self._per_mk
        _add_lines(self._left, rng, rows, columns)
        self._growing = _generator(self._seed, _DRIFT, correction).standard_normal(self._size, np.float32)


class DeadPixels:
    """Dead pixels of one frame size: always the same ones, hot or cold, or replaced by their neighbours."""

    def __init__(
        self, config: BadPixels, limits: tuple[float, float], seed: int, size: tuple[int, int]
    ) -> None:
        rng = _generator(seed, _BAD, 0)
        width = size[1]
        dead = rng.random(size) < config.fraction
        self._rows, self._columns = np.nonzero(dead)
        self._stuck = np.where(rng.random(len(self._rows)) < 0.5, *limits).astype(np.float32)
        self._replaced = config.replaced
        self._left = np.where(self._columns > 0, self._columns - 1, self._columns + 1) % width
        self._right = np.where(self._columns < width - 1, self._columns + 1, self._columns - 1) % width

    def apply(self, radiance: Float32) -> None:
        """Change the dead pixels in place."""
        values = self._stuck
        if self._replaced:
            values = (radiance[self._rows, self._left] + radiance[self._rows, self._right]) / np.float32(2)
        radiance[self._rows, self._columns] = values


def _add_lines(values: Float32, rng: np.random.Generator, rows: float, columns: float) -> None:
    height, width = values.shape
    if rows > 0:
        values += rng.standard_normal((height, 1), np.float32) * np.float32(rows)
    if columns > 0:
        values += rng.standard_normal((1, width), np.float32) * np.float32(columns)


def _generator(seed: int, purpose: int, index: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64((seed, purpose, index)))
