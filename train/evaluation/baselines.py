"""Trivial predictors. A model that does not clearly beat them has learned nothing worth shipping."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import VOID
from train.data import Dataset, DatasetError, Sample
from train.evaluation.field import luma
from train.evaluation.protocols import components, region_means

CONSTANT = "constant (train mean)"
GREY = "inverted grey, best fit per frame"
CLASS_TABLE = "class means of train, painted by the labels"
FLAT_COMPONENTS = "true mean of each component, painted flat"


@dataclass(frozen=True)
class Baseline:
    """A predictor of kelvin (float HxW) that may peek at the truth, as its name says.

    affine_fit: PSNR and SSIM are taken after the slope and offset that fit this frame best; r never is.
    """

    name: str
    predict: Callable[[Sample], npt.NDArray[np.floating]]
    affine_fit: bool = False


@dataclass(frozen=True)
class TrainStatistics:
    """mean_kelvin over all train pixels; class_kelvin: float64[256] mean by label id, 255 included."""

    mean_kelvin: float
    class_kelvin: npt.NDArray[np.float64]


def train_statistics(dataset: Dataset) -> TrainStatistics:
    """Means over the train split; labels that are unreliable do not enter the class means."""
    means, sums, sizes = [], np.zeros(256), np.zeros(256)
    for stem in dataset.stems("train"):
        sample = dataset.sample(stem)
        means.append(float(sample.thermal_kelvin.mean(dtype=np.float64)))
        if sample.reliable_labels is not None:
            flat = sample.labels.ravel()
            sums += np.bincount(flat, sample.thermal_kelvin.ravel().astype(np.float64), minlength=256)
            sizes += np.bincount(flat, minlength=256)
    if not means:
        raise DatasetError(
            f"{dataset.root} has no train frames", "The baselines need some: fill the train split."
        )
    mean = float(np.mean(means))
    return TrainStatistics(mean, np.where(sizes > 0, sums / np.maximum(sizes, 1), mean))


def baselines(dataset: Dataset, stems: Sequence[str]) -> list[Baseline]:
    """All trivial predictors that these frames allow: those that paint need class maps."""
    statistics = train_statistics(dataset)
    rows = [
        Baseline(CONSTANT, lambda sample: _constant(sample, statistics.mean_kelvin)),
        Baseline(GREY, lambda sample: -luma(sample.rgb), affine_fit=True),
    ]
    if all(dataset.spec.frames[stem].label_source is not None for stem in stems):
        rows += [
            Baseline(CLASS_TABLE, lambda sample: statistics.class_kelvin[sample.labels]),
            Baseline("true mean of each class, painted flat", flat_classes),
            Baseline(FLAT_COMPONENTS, flat_components),
        ]
    return rows


def flat_classes(sample: Sample) -> npt.NDArray[np.float64]:
    """Paint the true mean of each id of the source's map (or of each class) in kelvin, HxW."""
    ids = sample.labels if sample.source_map is None else sample.source_map
    return region_means(ids.astype(np.intp), sample.thermal_kelvin)


def flat_components(sample: Sample) -> npt.NDArray[np.float64]:
    """Paint the true mean of each connected component in kelvin, HxW: R of protocol `given`."""
    return region_means(components(sample), sample.thermal_kelvin)


def class_means(sample: Sample, values: npt.NDArray[np.floating], min_share: float) -> dict[int, float]:
    """Mean of `values` (HxW) by class id, for classes that cover at least `min_share` of the frame."""
    flat = sample.labels.ravel()
    sizes = np.bincount(flat, minlength=256)
    sums = np.bincount(flat, values.ravel().astype(np.float64), minlength=256)
    needed = max(1.0, min_share * flat.size)
    return {int(k): float(sums[k] / sizes[k]) for k in np.flatnonzero(sizes >= needed) if k != VOID}


def _constant(sample: Sample, kelvin: float) -> npt.NDArray[np.float64]:
    return np.full(sample.rgb.shape[:2], kelvin)
