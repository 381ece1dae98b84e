"""Hot targets: people and cars against what is around them, in direction, rank and size of contrast."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.data import Box, Sample
from train.evaluation.metrics import bootstrap, spearman

TARGETS = ("person", "car")
#: Width of the ring around a box, as a share of the box's own width and height.
RING = 0.25
_MIN_PIXELS = 16


@dataclass(frozen=True)
class BoxContrast:
    """Mean inside a human box minus mean of the ring around it, in counts: real and synthesized."""

    clip: str
    name: str
    night: bool
    truth: float
    estimate: float


def box_contrasts(
    sample: Sample, truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]
) -> list[BoxContrast]:
    """Contrasts of every person and car box of a frame; truth and estimate are HxW."""
    found = []
    for box in sample.boxes or ():
        if box.name not in TARGETS:
            continue
        pair = [ring_contrast(box, values) for values in (truth, estimate)]
        if None not in pair:
            found.append(BoxContrast(sample.clip, box.name, sample.night, *pair))
    return found


def ring_contrast(box: Box, values: npt.NDArray[np.float64]) -> float | None:
    """Mean of HxW values inside a box minus that of the ring around it; None for too few pixels."""
    margin_x, margin_y = RING * (box.x1 - box.x0), RING * (box.y1 - box.y0)
    inner = _window(values, box.x0, box.y0, box.x1, box.y1)
    outer = _window(values, box.x0 - margin_x, box.y0 - margin_y, box.x1 + margin_x, box.y1 + margin_y)
    ring_size = outer.size - inner.size
    if inner.size < _MIN_PIXELS or ring_size < _MIN_PIXELS:
        return None
    return float(inner.mean() - (outer.sum() - inner.sum()) / ring_size)


def summarise(contrasts: Sequence[BoxContrast]) -> dict[str, Any]:
    """Agreement by target and time of day; `always_warmer` is what a fixed guess would reach."""
    times = {"all": (False, True), "day": (False,), "night": (True,)}
    return {
        target: {
            time: _agreement([c for c in contrasts if c.name == target and c.night in nights])
            for time, nights in times.items()
        }
        for target in TARGETS
    }


def _agreement(contrasts: Sequence[BoxContrast]) -> dict[str, Any] | None:
    if not contrasts:
        return None
    groups = _by_clip(contrasts)
    truth, estimate = np.concatenate(groups).T
    ranks = bootstrap(groups, _rank_correlation)
    return {
        "boxes": len(contrasts),
        "direction": asdict(
            bootstrap(groups, lambda rows: float(np.mean(np.sign(rows[:, 0]) == np.sign(rows[:, 1]))))
        ),
        "always_warmer": float(np.mean(truth > 0)),
        "rank_correlation": asdict(ranks) if np.isfinite(ranks.value) else None,
        "median_truth": float(np.median(truth)),
        "median_estimate": float(np.median(estimate)),
        "median_ratio": float(np.median(estimate) / np.median(truth)) if np.median(truth) else None,
    }


def _rank_correlation(rows: npt.NDArray[np.float64]) -> float:
    """Spearman correlation of true and estimated contrasts [n,2]; NaN where fewer than three differ."""
    return spearman(rows[:, 0], rows[:, 1]) if len(np.unique(rows, axis=0)) > 2 else float("nan")


def _by_clip(contrasts: Sequence[BoxContrast]) -> list[npt.NDArray[np.float64]]:
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for contrast in contrasts:
        rows[contrast.clip].append((contrast.truth, contrast.estimate))
    return [np.array(group) for group in rows.values()]


def _window(
    values: npt.NDArray[np.float64], x0: float, y0: float, x1: float, y1: float
) -> npt.NDArray[np.float64]:
    return values[max(0, round(y0)) : max(0, round(y1)), max(0, round(x0)) : max(0, round(x1))]
