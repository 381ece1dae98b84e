"""Fréchet distance of two sets of features, and its value for endlessly many frames.

Heusel et al. 2017 (arXiv 1706.08500): the distance of the Gaussians with the sets' means and covariances.
From few samples it comes out too large, by an amount that falls as 1/N; Chong & Forsyth 2020 (arXiv
1911.07023) fit that line and give its intercept, FD-infinity.

Sets are lists of float64 [N,D], one array of crops per frame. Frames, never crops, are drawn, for crops of
one frame are not independent. The two sets are as long as each other, and frame i of both is drawn together:
it is the same scene, real and synthesized.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from train.evaluation.metrics import Interval

Array = npt.NDArray[np.float64]
SIZES = 15
#: Subsets of each size in the value; one in each resample of the interval, at fewer sizes, for time.
DRAWS = 4
RESAMPLES = 50
RESAMPLE_SIZES = 5
#: Above this, one distance takes seconds, so there is one draw, and no interval.
QUICK_DIMENSIONS = 512
_NORMAL_95 = 1.96


def frechet(first: Array, second: Array) -> float:
    """Squared Fréchet distance of the Gaussians fitted to float64 [N,D] and [M,D]."""
    moments = [
        (rows.mean(0), np.cov(rows, rowvar=False).reshape(2 * rows.shape[1:])) for rows in (first, second)
    ]
    return frechet_of_moments(*moments[0], *moments[1])


def frechet_of_moments(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of means [D] and covariances [D,D]."""
    shift = mean_1 - mean_2
    spread = np.trace(covariance_1) + np.trace(covariance_2)
    return max(0.0, float(shift @ shift + spread - 2 * _trace_of_root(covariance_1, covariance_2)))


def frechet_infinity(
    first: Sequence[Array],
    second: Sequence[Array],
    rng: np.random.Generator,
    sizes: int = SIZES,
    draws: int = DRAWS,
) -> float:
    """Intercept of the distances of subsets against 1 / frames; between half of the frames and all of them.

    Both sets shrink together, so the line holds the bias of both. Near 0 it may come out negative.
    """
    frames = len(first)
    counts = np.unique(np.linspace(frames / 2, frames, sizes).round().astype(int)).repeat(draws)
    values = [_of_frames(first, second, rng.permutation(frames)[:count]) for count in counts]
    _, intercept = np.polyfit(1 / counts, values, 1)
    return float(intercept)


def frechet_interval(first: Sequence[Array], second: Sequence[Array], seed: int = 0) -> Interval:
    """FD-infinity with the normal 95 % interval of the bootstrap's standard deviation over frames.

    Its percentiles would not hold the value: frames drawn twice make the sets look smaller, so resamples lie
    further apart than the sets themselves. Above 512 dimensions `low` and `high` are None.
    """
    first, second = within_span(first, second)
    rng = np.random.default_rng(seed)
    frames, quick = len(first), first[0].shape[1] <= QUICK_DIMENSIONS
    value = frechet_infinity(first, second, rng, draws=DRAWS if quick else 1)
    if not quick:
        return Interval(value, None, None, frames)
    resampled = []
    for draw in rng.integers(frames, size=(RESAMPLES, frames)):
        pair = ([rows[i] for i in draw] for rows in (first, second))
        resampled.append(frechet_infinity(*pair, rng, RESAMPLE_SIZES, draws=1))
    reach = _NORMAL_95 * float(np.std(resampled, ddof=1))
    return Interval(value, value - reach, value + reach, frames)


def within_span(first: Sequence[Array], second: Sequence[Array]) -> tuple[list[Array], list[Array]]:
    """Both sets in coordinates of the space that their rows span: the same distances in fewer dimensions."""
    rows = np.concatenate([*first, *second])
    if len(rows) >= rows.shape[1]:
        return list(first), list(second)
    basis, _ = np.linalg.qr(rows.T)
    return [group @ basis for group in first], [group @ basis for group in second]


def _of_frames(first: Sequence[Array], second: Sequence[Array], chosen: npt.NDArray[np.intp]) -> float:
    return frechet(*(np.concatenate([rows[i] for i in chosen]) for rows in (first, second)))


def _trace_of_root(first: Array, second: Array) -> float:
    """Trace of (S1 S2)^(1/2): with S1 = L L^T, S1 S2 has the eigenvalues of the symmetric L^T S2 L."""
    root = _factor(first)
    eigenvalues = np.linalg.eigvalsh(root.T @ second @ root)
    return float(np.sqrt(np.maximum(eigenvalues, 0)).sum())


def _factor(covariance: Array) -> Array:
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        # Features that do not vary, or fewer rows than features.
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0))
