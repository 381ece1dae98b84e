"""Scores of a bundle's segmenter on a set with real labels: pixel accuracy and intersection over union."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import FALLBACKS, VOID
from train.data import Dataset

Segment = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]


def score_segmenter(
    dataset: Dataset, segment: Segment, split: str, progress: Callable[[Iterable[str]], Iterable[str]] = iter
) -> dict[str, Any]:
    """Compare `segment` (RGB uint8 HxWx3 to class ids uint8 HxW) with the labels of a split.

    A class that the set's labels never hold (CamVid calls every vehicle a car) counts as its fall-back of
    `thermalsdk.labels`. Pixels marked unsure are left out.
    """
    classes = dataset.classes
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    for stem in progress(dataset.stems(split)):
        sample = dataset.sample(stem)
        if sample.labels is not None:
            confusion += confusion_of(sample.labels, segment(sample.rgb), len(classes))
    accuracy, mean_iou, iou = overlap(merge_unlabelled(confusion, classes))
    return {
        "dataset": dataset.folder,
        "split": split,
        "frames": len(dataset.stems(split)),
        "pixel_accuracy": accuracy,
        "mean_iou": mean_iou,
        "iou": {classes[k]: value for k, value in iou.items()},
    }


def overlap(confusion: npt.NDArray[np.int64]) -> tuple[float, float, dict[int, float]]:
    """Pixel accuracy, mean intersection over union, and that of each class that the truth holds."""
    hits, labelled = np.diag(confusion), confusion.sum(1)
    union = labelled + confusion.sum(0) - hits
    iou = {int(k): float(hits[k] / union[k]) for k in np.flatnonzero(labelled)}
    accuracy = float(hits.sum() / max(1, confusion.sum()))
    return accuracy, float(np.mean(list(iou.values()))) if iou else 0.0, iou


def confusion_of(
    truth: npt.NDArray[np.uint8], estimate: npt.NDArray[np.uint8], classes: int
) -> npt.NDArray[np.int64]:
    """Pixel counts [classes,classes], truth along rows, unsure pixels left out."""
    sure = truth != VOID
    pairs = truth[sure].astype(np.int64) * classes + estimate[sure]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def merge_unlabelled(confusion: npt.NDArray[np.int64], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Count estimates of classes that the truth never holds as their fall-backs."""
    merged = confusion.copy()
    for name, substitutes in FALLBACKS.items():
        if name in classes and not confusion[classes.index(name)].any():
            target = next((s for s in substitutes if s in classes), None)
            if target is not None:
                merged[:, classes.index(target)] += merged[:, classes.index(name)]
                merged[:, classes.index(name)] = 0
    return merged


def segmentation_markdown(result: Mapping[str, Any]) -> str:
    """One result as a section of the report."""
    header = " | ".join(["pixel accuracy", "mean IoU", *result["iou"]])
    scores = [result["pixel_accuracy"], result["mean_iou"], *result["iou"].values()]
    row = " | ".join(f"{score:.3f}" for score in scores)
    rule = "|".join([" --- "] * len(scores))
    title = f"## Segmenter on {result['dataset']} {result['split']}, {result['frames']} frames"
    return f"{title}\n\n| {header} |\n|{rule}|\n| {row} |\n"
