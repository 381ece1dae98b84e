"""All measures of one frame, and their means over frames with bootstrap intervals, by day and night."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.data import Dataset, Sample
from train.evaluation import field, metrics
from train.evaluation.physics_gate import class_order, luma_difference
from train.evaluation.protocols import components, region_means

TIMES = {"all": (False, True), "day": (False,), "night": (True,)}


@dataclass(frozen=True)
class FrameScore:
    """Measures of one frame by name; a measure that means nothing there is absent."""

    stem: str
    clip: str
    night: bool
    measures: dict[str, float]


def score_frame(
    dataset: Dataset, sample: Sample, kelvin: npt.NDArray[np.floating], affine_fit: bool = False
) -> FrameScore:
    """Score synthesized kelvin (HxW) against the frame's thermal.

    Every set: r, luma_error, luma_bias and, with usable labels, class_order and r_within_objects. A set with
    an absolute level also psnr, ssim, mae, bias in counts; a radiometric one also errors in kelvin.
    """
    truth, estimate = field.truth(dataset, sample), field.counts(dataset, kelvin)
    if affine_fit:
        # The raw numbers of such a predictor are on no thermal scale, so nothing may clip them.
        estimate = kelvin.astype(np.float64)
    luma = luma_difference(sample, truth, estimate)
    measures = {"r": metrics.pearson(truth, estimate), "luma_error": abs(luma), "luma_bias": luma}
    order = class_order(sample, truth, estimate)
    if order is not None:
        measures["class_order"] = order
    if sample.reliable_labels is not None:
        measures["r_within_objects"] = correlation_within(components(sample), truth, estimate)
    if field.has_level(dataset):
        level = np.clip(metrics.affine_fit(truth, estimate), 0, 255) if affine_fit else estimate
        measures |= _level_measures(truth, level)
        if dataset.thermal.radiometric and not affine_fit:
            measures |= _kelvin_measures(sample.thermal_kelvin, kelvin)
    return FrameScore(sample.stem, sample.clip, sample.night, measures)


def correlation_within(
    regions: npt.NDArray[np.intp], truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]
) -> float:
    """Pearson correlation of what is left of both (HxW) without the mean of each region (HxW, ids from 0).

    What a generator has drawn, and not what it was told: 0 for flat objects, whatever their temperatures.
    """
    return metrics.pearson(*(values - region_means(regions, values) for values in (truth, estimate)))


def summarise(scores: Sequence[FrameScore]) -> dict[str, Any]:
    """Mean and interval of each measure by time of day; None for a time without frames."""
    return {time: _summary([s for s in scores if s.night in nights]) for time, nights in TIMES.items()}


def _summary(scores: Sequence[FrameScore]) -> dict[str, Any] | None:
    if not scores:
        return None
    names = sorted({name for score in scores for name in score.measures})
    return {
        name: asdict(
            metrics.mean_interval([(s.clip, s.measures[name]) for s in scores if name in s.measures])
        )
        for name in names
    }


def _level_measures(truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]) -> dict[str, float]:
    error = estimate - truth
    return {
        "psnr": metrics.psnr(truth, estimate),
        "ssim": metrics.ssim(truth, estimate),
        "mae": float(np.abs(error).mean()),
        "bias": float(error.mean()),
    }


def _kelvin_measures(truth: npt.NDArray[np.floating], estimate: npt.NDArray[np.floating]) -> dict[str, float]:
    error = estimate.astype(np.float64) - truth
    return {
        "mae_kelvin": float(np.abs(error).mean()),
        "rmse_kelvin": float(np.sqrt((error**2).mean())),
        "bias_kelvin": float(error.mean()),
        "within_1_kelvin": float((np.abs(error) <= 1).mean()),
        "within_2_kelvin": float((np.abs(error) <= 2).mean()),
    }
