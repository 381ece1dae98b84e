"""Smooth tileable noise, used for every texture: it sticks to what it is painted on."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

SIZE = 256


@lru_cache(maxsize=8)
def tile(kind: int) -> Array:
    """float32 [256, 256] tileable noise of zero mean and unit deviation; `kind` picks one of several."""
    rng = np.random.default_rng(7919 + kind)
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE
    fx = np.fft.rfftfreq(SIZE)[None, :] * SIZE
    frequency = np.hypot(fx, fy)
    low, high = (3.0, 42.0) if kind % 2 else (1.0, 14.0)
    weight = np.where(frequency > 0, frequency + low, np.inf) ** -1.1 * np.exp(-((frequency / high) ** 2))
    field = np.fft.irfft2(spectrum * weight, s=(SIZE, SIZE))
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def grid(kind: int, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> Array:
    """Noise at the crossings of `rows` and `columns` (1-D, texels): float32 [rows, columns]."""
    row = np.floor(rows).astype(np.int64) % SIZE
    column = np.floor(columns).astype(np.int64) % SIZE
    return np.asarray(tile(kind)[row[:, None], column[None, :]])


def points(kind: int, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> Array:
    """Noise at points (texels): `rows` and `columns` broadcast against each other."""
    row = np.floor(rows).astype(np.int32) & (SIZE - 1)
    column = np.floor(columns).astype(np.int32) & (SIZE - 1)
    return np.asarray(tile(kind)[row, column])
