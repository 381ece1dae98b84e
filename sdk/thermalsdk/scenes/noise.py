"""Smooth tileable noise, used for every texture: it sticks to what it is painted on."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

SIZE = 256
FINE, COARSE, GRAIN = 1, 2, 3
#: lowest and highest frequency of each kind, in cycles per tile
_BANDS = {FINE: (3.0, 42.0), COARSE: (1.0, 14.0), GRAIN: (14.0, 110.0)}


@lru_cache(maxsize=8)
def tile(kind: int) -> Array:
    """float32 [256, 256] tileable noise of zero mean and unit deviation; `kind` is FINE, COARSE or GRAIN."""
    rng = np.random.default_rng(7919 + kind)
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE
    fx = np.fft.rfftfreq(SIZE)[None, :] * SIZE
    frequency = np.hypot(fx, fy)
    low, high = _BANDS[kind]
    weight = np.where(frequency > 0, frequency + low, np.inf) ** -1.1 * np.exp(-((frequency / high) ** 2))
    field = np.fft.irfft2(spectrum * weight, s=(SIZE, SIZE))
    return np.asarray((field - field.mean()) / field.std(), np.float32)


@lru_cache(maxsize=1)
def white() -> Array:
    """float32 [512, 512, 3] unit normal noise, for sensor grain."""
    return np.random.default_rng(104729).standard_normal((512, 512, 3), dtype=np.float32)


def grain(height: int, width: int, key: tuple[int, ...]) -> Array:
    """float32 [height, width, 3] white noise: a cut of `white` at a place that depends on `key`."""
    row, column = np.random.default_rng(key).integers(0, 512, 2)
    rows, columns = (np.arange(height) + row) % 512, (np.arange(width) + column) % 512
    return np.asarray(white().take(rows, axis=0).take(columns, axis=1))


def grid(kind: int, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> Array:
    """Noise at the crossings of `rows` and `columns` (1-D, texels), interpolated: float32 [rows, columns]."""
    row, column = np.floor(rows), np.floor(columns)
    down, across = (rows - row).astype(np.float32)[:, None], (columns - column).astype(np.float32)
    top, left = row.astype(np.int64) % SIZE, column.astype(np.int64) % SIZE
    field = tile(kind)
    band = field[top] + down * (field[(top + 1) % SIZE] - field[top])
    first = band.take(left, axis=1)
    return np.asarray(first + across * (band.take((left + 1) % SIZE, axis=1) - first))


def smooth(kind: int, rows: Array, columns: Array) -> Array:
    """Like `points`, interpolated between texels, for patterns that are much enlarged."""
    row, column = np.floor(rows), np.floor(columns)
    down, across = rows - row, columns - column
    r0, c0 = row.astype(np.int32) & (SIZE - 1), column.astype(np.int32) & (SIZE - 1)
    r1, c1 = (r0 + 1) & (SIZE - 1), (c0 + 1) & (SIZE - 1)
    field = tile(kind)
    upper = field[r0, c0] + across * (field[r0, c1] - field[r0, c0])
    lower = field[r1, c0] + across * (field[r1, c1] - field[r1, c0])
    return np.asarray(upper + down * (lower - upper), np.float32)


def points(kind: int, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> Array:
    """Noise at points (texels): `rows` and `columns` broadcast against each other."""
    row = np.floor(rows).astype(np.int32) & (SIZE - 1)
    column = np.floor(columns).astype(np.int32) & (SIZE - 1)
    return np.asarray(tile(kind)[row, column])
