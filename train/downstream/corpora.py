"""What the small network is trained on: 8-bit pictures with class maps, real or synthetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermalsdk import Synthesizer, compositing
from thermalsdk.display import gain_limits
from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import correct_by_boxes
from train.data import TRUSTED, Dataset, DatasetError, Sample
from train.mixture import require_street_classes

#: What the network tells apart; index 0 is everything else.
TARGETS = ("other", "person", "vehicle")
_MEMBERS = {"person": ("person",), "vehicle": ("car", "minibus", "bus", "truck")}

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class Example:
    """One training frame: picture uint8 HxW as an operator sees it, target uint8 HxW, 255 where unsure."""

    picture: NDArray[np.uint8]
    target: NDArray[np.uint8]


def real_thermal(dataset: Dataset, progress: Progress = iter) -> list[Example]:
    """Train frames of a set whose thermal camera and labels can be trusted.

    Raises:
        DatasetError: it has none.
    """
    if dataset.thermal is None:
        raise DatasetError(f"{dataset.root} has no thermal pictures", "Name a set that has them with --real.")
    return [
        Example(displayed(sample.thermal_kelvin), target_of(sample.labels))
        for sample in _labelled(dataset, progress)
    ]


def synthetic_thermal(dataset: Dataset, synth: Synthesizer, progress: Progress = iter) -> list[Example]:
    """What a bundle makes of the colours and labels of a set's train frames; temperatures are its own."""
    return [
        Example(synth(sample.rgb, labels=_without_void(sample.labels)).display, target_of(sample.labels))
        for sample in _labelled(dataset, progress)
    ]


def grey_colours(dataset: Dataset, progress: Progress = iter) -> list[Example]:
    """The control: the same frames' colours, as grey."""
    return [
        Example(cv2.cvtColor(sample.rgb, cv2.COLOR_RGB2GRAY), target_of(sample.labels))
        for sample in _labelled(dataset, progress)
    ]


def displayed(kelvin: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Temperatures HxW as the SDK's automatic gain shows them."""
    return compositing.agc_linear(kelvin, *gain_limits(kelvin))


def target_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Street classes (255 unsure) as indices of TARGETS (255 unsure)."""
    lookup = np.zeros(256, np.uint8)
    lookup[VOID] = VOID
    for target, members in _MEMBERS.items():
        for name in members:
            lookup[STREET_CLASSES.index(name)] = TARGETS.index(target)
    return lookup[labels]


def _labelled(dataset: Dataset, progress: Progress) -> Iterator[Sample]:
    """Train frames with labels to trust, human boxes drawn into them."""
    require_street_classes(dataset)
    frames = dataset.spec.frames
    stems = [stem for stem in dataset.stems("train") if frames[stem].label_source in TRUSTED]
    if not stems:
        raise DatasetError(
            f"{dataset.root} has no train frame with labels to trust", "Name a labelled set instead."
        )
    for stem in progress(stems):
        yield correct_by_boxes(dataset.sample(stem))


def _without_void(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(labels == VOID, np.uint8(STREET_CLASSES.index("background")), labels)
