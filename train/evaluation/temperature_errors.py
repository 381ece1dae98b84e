"""Errors of level and of contrast: over the frame, by class, and by object.

Object: a 4-connected region of one id in the set's own map. Its mean error is a question of temperature, the
difference of the standard deviations within it one of detail. Kelvin where the set is radiometric, counts
elsewhere.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import VOID
from train.data import Dataset, Sample
from train.evaluation import field
from train.evaluation.frame_scores import TIMES
from train.evaluation.metrics import mean_interval
from train.evaluation.protocols import components

Array = npt.NDArray[np.float64]
MIN_OBJECT_PIXELS = 16
#: A class of a frame counts from this many pixels.
MIN_CLASS_PIXELS = 16


@dataclass(frozen=True)
class FrameErrors:
    """mae, bias and, with usable maps, object_error and contrast_error; mae and bias by class name."""

    clip: str
    night: bool
    overall: dict[str, float]
    classes: dict[str, dict[str, float]]


def unit(dataset: Dataset) -> str | None:
    """Unit of the errors; None where the level of a frame means nothing."""
    if not field.has_level(dataset):
        return None
    return "kelvin" if dataset.thermal.radiometric else "counts"


class ErrorTable:
    """Errors of each row (the model, baselines), frame by frame; empty for a set without level."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._unit = unit(dataset)
        self._rows: dict[str, list[FrameErrors]] = defaultdict(list)

    def add(self, row: str, sample: Sample, kelvin: npt.NDArray[np.floating]) -> None:
        """Add one frame (HxW) of a row."""
        if self._unit is not None:
            self._rows[row].append(frame_errors(self._dataset, sample, kelvin))

    def summary(self) -> dict[str, Any] | None:
        """What docs/formats.md describes as `errors`."""
        if self._unit is None:
            return None
        rows = {name: summarise(frames) for name, frames in self._rows.items()}
        return {"unit": self._unit, "model": rows.pop("model"), "baselines": rows}


def frame_errors(dataset: Dataset, sample: Sample, kelvin: npt.NDArray[np.floating]) -> FrameErrors:
    """Errors of synthesized kelvin (HxW) of one frame, in `unit(dataset)`."""
    if dataset.thermal.radiometric:
        truth, estimate = sample.thermal_kelvin.astype(np.float64), kelvin.astype(np.float64)
    else:
        truth, estimate = field.truth(dataset, sample), field.counts(dataset, kelvin)
    error = estimate - truth
    overall, classes = _level(error), {}
    if sample.reliable_labels is not None:
        overall |= object_errors(np.where(sample.labels == VOID, 0, components(sample)), truth, estimate)
        classes = {
            name: _level(error[sample.labels == k])
            for k, name in enumerate(dataset.classes)
            if np.count_nonzero(sample.labels == k) >= MIN_CLASS_PIXELS
        }
    return FrameErrors(sample.clip, sample.night, overall, classes)


def object_errors(regions: npt.NDArray[np.intp], truth: Array, estimate: Array) -> dict[str, float]:
    """Means over the objects of `regions` (HxW, 0 for none) of at least 16 pixels; empty without any.

    object_error: mean absolute difference of the objects' means. contrast_error: mean absolute difference of
    the standard deviations within them.
    """
    sizes = np.bincount(regions.ravel())
    chosen = sizes >= MIN_OBJECT_PIXELS
    chosen[0] = False
    if not chosen.any():
        return {}
    real, made = (_moments(regions, values, sizes, chosen) for values in (truth, estimate))
    mean_error, deviation_error = np.abs(made - real).mean(1)
    return {"object_error": float(mean_error), "contrast_error": float(deviation_error)}


def summarise(frames: Sequence[FrameErrors]) -> dict[str, Any]:
    """Means over frames with bootstrap intervals: by time of day, and by class over all frames."""
    times = {
        time: _means([(f.clip, f.overall) for f in frames if f.night in nights])
        for time, nights in TIMES.items()
    }
    names = sorted({name for frame in frames for name in frame.classes})
    by_class = {
        name: _means([(f.clip, f.classes[name]) for f in frames if name in f.classes]) for name in names
    }
    return {**times, "classes": by_class}


def _means(rows: Sequence[tuple[str, dict[str, float]]]) -> dict[str, Any] | None:
    """Mean of each measure over frames, each with its clip."""
    names = sorted({name for _, measures in rows for name in measures})
    values = {n: [(clip, measures[n]) for clip, measures in rows if n in measures] for n in names}
    return {name: asdict(mean_interval(found)) for name, found in values.items()} or None


def _level(error: Array) -> dict[str, float]:
    return {"mae": float(np.abs(error).mean()), "bias": float(error.mean())}


def _moments(
    regions: npt.NDArray[np.intp], values: Array, sizes: npt.NDArray[np.intp], chosen: npt.NDArray[np.bool_]
) -> Array:
    """Mean and standard deviation within each chosen region, [2,regions]."""
    flat, count = regions.ravel(), np.maximum(sizes, 1)
    means = np.bincount(flat, values.ravel()) / count
    variances = np.bincount(flat, (values.ravel() - means[flat]) ** 2) / count
    return np.stack([means[chosen], np.sqrt(variances[chosen])])
