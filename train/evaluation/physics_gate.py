"""The physics gate: whether the output follows physics rather than brightness.

Two checks per frame: the rank order of class mean temperatures against the real thermal's, which must beat
that of one constant class table, and the signed correlation with luma, which must be near the real thermal's
own (an inverted or plain grey picture fails it).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from train.data import Sample
from train.evaluation.baselines import class_means
from train.evaluation.field import luma
from train.evaluation.metrics import pearson, spearman

#: A class counts from this share of the frame.
MIN_SHARE = 0.001
#: Ranks of fewer classes say nothing.
MIN_CLASSES = 3
LUMA_LIMIT = 0.15


def class_order(
    sample: Sample, truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]
) -> float | None:
    """Spearman correlation of class means, synthesized against real (HxW); None where the maps cannot say."""
    if sample.reliable_labels is None:
        return None
    real = class_means(sample, truth, MIN_SHARE)
    if len(real) < MIN_CLASSES:
        return None
    made = class_means(sample, estimate, MIN_SHARE)
    # Rounding keeps summation noise from ranking classes that were painted alike.
    return spearman(*(np.round([means[k] for k in real], 6) for means in (real, made)))


def luma_difference(
    sample: Sample, truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]
) -> float:
    """corr(estimate, luma) - corr(truth, luma) of one frame (HxW each)."""
    brightness = luma(sample.rgb)
    return pearson(estimate, brightness) - pearson(truth, brightness)


def gate(model: Mapping[str, Any], table: Mapping[str, Any] | None) -> dict[str, Any]:
    """Judge the summaries of the model and of the class table (both by time of day, then by measure).

    Frames whose maps cannot be relied on are judged by luma alone. Where there is an order and no class table
    to compare it with, nothing passes.
    """
    times = {time: _time(model[time], table[time] if table else None) for time in ("day", "night")}
    verdicts = [verdict["passed"] for verdict in times.values() if verdict is not None]
    return {**times, "passed": bool(verdicts) and all(verdicts)}


def _time(model: Mapping[str, Any] | None, table: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if model is None:
        return None
    order = _value(model, "class_order")
    reference = _value(table, "class_order")
    luma_error = _value(model, "luma_error")
    ordered = order is None or (reference is not None and order > reference)
    return {
        "class_order": order,
        "class_order_of_table": reference,
        "luma_error": luma_error,
        "luma_bias": _value(model, "luma_bias"),
        "passed": ordered and luma_error is not None and luma_error <= LUMA_LIMIT,
    }


def _value(summary: Mapping[str, Any] | None, measure: str) -> float | None:
    entry = summary.get(measure) if summary else None
    return None if entry is None else entry["value"]
