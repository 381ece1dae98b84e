"""The measures, each on plain arrays: PSNR, SSIM, correlations and bootstrap intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

Array = npt.NDArray[np.float64]
#: Full scale of an 8-bit picture.
DATA_RANGE = 255.0
#: PSNR of equal pictures, in dB.
MAX_PSNR = 100.0
_FLAT = 1e-9


@dataclass(frozen=True)
class Interval:
    """A statistic over `count` frames, or clips, with its 95 % bootstrap interval.

    No ends where there is one clip, whose frames say nothing about others, or where that took too long.
    """

    value: float
    low: float | None
    high: float | None
    count: int


def psnr(truth: Array, estimate: Array) -> float:
    """Peak signal-to-noise ratio in dB of HxW counts, full scale 255, at most MAX_PSNR."""
    error = float(np.mean((truth - estimate) ** 2))
    return min(MAX_PSNR, 10.0 * float(np.log10(DATA_RANGE**2 / error))) if error > 0 else MAX_PSNR


def ssim(truth: Array, estimate: Array) -> float:
    """Structural similarity of HxW counts: scikit-image, 7x7 uniform window, data range 255."""
    return float(
        structural_similarity(truth, estimate, win_size=7, gaussian_weights=False, data_range=DATA_RANGE)
    )


def pearson(a: Array, b: Array) -> float:
    """Pearson correlation over all elements; 0 where either is constant."""
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    spread = np.sqrt(a @ a) * np.sqrt(b @ b)
    return float(a @ b / spread) if spread > _FLAT * a.size else 0.0


def spearman(a: Array, b: Array) -> float:
    """Spearman rank correlation, ties sharing their mean rank; 0 where either is constant."""
    return pearson(rankdata(a), rankdata(b))


def affine_fit(truth: Array, estimate: Array) -> Array:
    """Return the estimate after the slope and offset that bring it closest to the truth (least squares)."""
    centred = estimate - estimate.mean()
    power = float((centred**2).sum())
    slope = float((centred * (truth - truth.mean())).sum()) / power if power > 0 else 0.0
    return truth.mean() + slope * centred


def mean_interval(values: Sequence[tuple[str, float]], resamples: int = 1000, seed: int = 0) -> Interval:
    """Mean of one value per frame, with the interval from resampling whole clips.

    values: of each frame its clip, which for a frame on its own is the frame, and its value.
    """
    numbers = {clip: number for number, clip in enumerate(dict.fromkeys(clip for clip, _ in values))}
    clip_of = np.array([numbers[clip] for clip, _ in values])
    data = np.array([value for _, value in values], np.float64)
    if len(numbers) == 1:
        return Interval(float(data.mean()), None, None, len(data))
    sums, counts = np.bincount(clip_of, data), np.bincount(clip_of)
    draws = np.random.default_rng(seed).integers(len(numbers), size=(resamples, len(numbers)))
    low, high = np.percentile(sums[draws].sum(1) / counts[draws].sum(1), [2.5, 97.5])
    return Interval(float(data.mean()), float(low), float(high), len(data))


def bootstrap(
    groups: Sequence[Array],
    statistic: Callable[[Array], float],
    resamples: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """Statistic of all rows of `groups` stacked, with the interval from resampling whole groups.

    groups: one array of rows per clip, so that clips, not rows, are what is drawn: rows of one clip are not
    independent. Resamples on which the statistic is not finite are left out. None for no rows.
    """
    groups = [group for group in groups if len(group)]
    if not groups:
        return None
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(groups), size=(resamples, len(groups)))
    values = np.array([statistic(np.concatenate([groups[i] for i in draw])) for draw in draws])
    values = values[np.isfinite(values)]
    value = float(statistic(np.concatenate(groups)))
    if len(groups) == 1 or not len(values):
        return Interval(value, None, None, len(groups))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(value, float(low), float(high), len(groups))
