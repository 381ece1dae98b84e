"""Kernel distance (KID) of two sets of features: squared maximum mean discrepancy, cubic kernel, unbiased.

Bińkowski et al. 2018 (arXiv 1801.01401); the estimate is that of Gretton et al. 2012 (JMLR 13), equation 4,
with frames in place of samples: two crops of one frame, or of one scene real and synthesized, are dependent
and form no pair. Sets are lists of float64 [N,D], one array of crops per frame, frame i of both the same
scene.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from train.evaluation.metrics import Interval

Array = npt.NDArray[np.float64]
RESAMPLES = 1000


def kid(first: Sequence[Array], second: Sequence[Array]) -> float:
    """Unbiased estimate: 0 on average for two sets of the same kind, so it may be negative."""
    return float(_estimates(first, second, np.ones((1, len(first))))[0])


def kid_interval(first: Sequence[Array], second: Sequence[Array], seed: int = 0) -> Interval:
    """The estimate with its 95 % bootstrap interval over frames; none is paired with its own copy."""
    frames = len(first)
    draws = np.random.default_rng(seed).multinomial(frames, np.full(frames, 1 / frames), RESAMPLES)
    # One frame alone has no pair.
    draws = draws[np.count_nonzero(draws, axis=1) > 1]
    value, *resampled = _estimates(first, second, np.concatenate([np.ones((1, frames)), draws]))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(float(value), float(low), float(high), frames)


def _estimates(first: Sequence[Array], second: Sequence[Array], weights: Array) -> Array:
    """One estimate for each row of frame weights [R,F]."""
    within_first, within_second, across = (
        _mean_kernel(a, b, weights) for a, b in ((first, first), (second, second), (first, second))
    )
    return within_first + within_second - 2 * across


def _mean_kernel(first: Sequence[Array], second: Sequence[Array], weights: Array) -> Array:
    """Weighted mean [R] of the kernel over pairs of crops of different frames."""
    sums = _kernel_sums(first, second)
    pairs = np.outer([len(rows) for rows in first], [len(rows) for rows in second]).astype(np.float64)
    for table in (sums, pairs):
        np.fill_diagonal(table, 0)
    return np.einsum("rf,rf->r", weights @ sums, weights) / np.einsum("rf,rf->r", weights @ pairs, weights)


def _kernel_sums(first: Sequence[Array], second: Sequence[Array]) -> Array:
    """Sum of (x . y / D + 1)^3 over the crops of each pair of frames, [F,F]."""
    starts = np.cumsum([0, *(len(rows) for rows in second[:-1])])
    columns = np.concatenate(second)
    # One frame's rows at a time: the table of all pairs of crops would take gigabytes.
    return np.stack(
        [np.add.reduceat(((rows @ columns.T / columns.shape[1] + 1) ** 3).sum(0), starts) for rows in first]
    )
