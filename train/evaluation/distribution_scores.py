"""Distances of a predictor's pictures from the real ones, by network, beside the floor of the real ones.

The floor is what two disjoint halves of the real frames are apart: a distance below it says nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation.distance import (
    QUICK_DIMENSIONS,
    frechet,
    frechet_infinity,
    frechet_interval,
    within_span,
)
from train.evaluation.features import FeatureNetwork, picture_features
from train.evaluation.kernel_distance import kid, kid_interval

Groups = list[npt.NDArray[np.float64]]
REAL = "real"
MODEL = "model"
#: Two halves of fewer clips, of a frame each where there are none, have no line to fit.
MIN_CLIPS = 8
#: Divisions into halves; networks of many features get one, for time.
SPLITS = 10


class FeatureTable:
    """Features of the pictures of each row (real, model, baselines), by network, clip by clip."""

    def __init__(self, networks: Sequence[FeatureNetwork]) -> None:
        self._networks = networks
        self._rows: dict[str, dict[str, dict[str, Groups]]] = {n.name: defaultdict(dict) for n in networks}

    def add(self, row: str, clip: str, picture: npt.NDArray[np.float32]) -> None:
        """Add one frame of a row, grey HxW in 0..1. All rows get the same frames in the same order."""
        for network in self._networks:
            frames = self._rows[network.name][row].setdefault(clip, [])
            frames.append(picture_features(network, picture))

    def scores(self) -> dict[str, Any]:
        """What docs/formats.md describes as `distances`: by network; None for fewer than 8 clips."""
        return {
            network: _network_scores(
                {row: [np.concatenate(clip) for clip in clips.values()] for row, clips in rows.items()}
            )
            for network, rows in self._rows.items()
        }


def floor(real: Groups, seed: int = 0) -> dict[str, Any]:
    """Mean distances of two random disjoint halves of the real clips, over several divisions."""
    rng = np.random.default_rng(seed)
    half = len(real) // 2
    splits = SPLITS if real[0].shape[1] <= QUICK_DIMENSIONS else 1
    found = []
    for _ in range(splits):
        order = rng.permutation(len(real))
        halves = [[real[i] for i in part] for part in (order[:half], order[half : 2 * half])]
        found.append((frechet_infinity(*within_span(*halves), rng, draws=1), kid(*halves)))
    distances, kernel_distances = np.array(found).T
    return {
        "fd_infinity": _spread(distances),
        "kid": _spread(kernel_distances),
        "frames": half,
        "splits": splits,
    }


def _network_scores(rows: Mapping[str, Groups]) -> dict[str, Any] | None:
    real = rows.get(REAL, [])
    if len(real) < MIN_CLIPS:
        return None
    estimates = {name: _row_scores(real, groups) for name, groups in rows.items() if name != REAL}
    return {
        "dimensions": real[0].shape[1],
        "crops": sum(len(rows) for rows in real),
        "floor": floor(real),
        "model": estimates.pop(MODEL),
        "baselines": estimates,
    }


def _row_scores(real: Groups, estimate: Groups) -> dict[str, Any]:
    stacked = ([np.concatenate(groups)] for groups in (real, estimate))
    (first,), (second,) = within_span(*stacked)
    return {
        "fd": frechet(first, second),
        "fd_infinity": asdict(frechet_interval(real, estimate)),
        "kid": asdict(kid_interval(real, estimate)),
    }


def _spread(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Mean, smallest and largest."""
    return {"value": float(values.mean()), "low": float(values.min()), "high": float(values.max())}
