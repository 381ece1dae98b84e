"""Frames at any size beside their truth, and the scores of what a bundle makes of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from common.frames import resized, validation_samples
from thermalsdk import Frame, Synthesizer
from thermalsdk.compositing import connected_components
from thermalsdk.labels import STREET_CLASSES, VOID
from thermalsdk.scenes import HELD_OUT, SCENE_IDS, StreetScene

#: Of scenes; validation frames have sizes of their own.
SIZE = (480, 640)


@dataclass(frozen=True)
class Case:
    """A frame, and the truth at a size of its own.

    Args:
        rgb: colours, uint8 HxWx3.
        labels: true class map, with VOID where nobody knows.
        objects: their ids, of the same size.
        kelvin: of the same size; None where there is no thermal picture.
    """

    rgb: np.ndarray
    labels: np.ndarray
    objects: np.ndarray
    kelvin: np.ndarray | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the colours."""
        return self.rgb.shape[:2]

    @property
    def given_labels(self) -> np.ndarray:
        """Class map at the size of the colours, known everywhere."""
        return resized(np.where(self.labels == VOID, 0, self.labels).astype(np.uint8), self.size)

    @property
    def means(self) -> np.ndarray:
        """The true mean of each object painted over it, kelvin."""
        from train.evaluation.protocols import region_means

        return region_means(self.objects, self.kelvin).astype(np.float32)

    def at_truth(self, field: np.ndarray) -> np.ndarray:
        """A field of temperatures at the size of the truth."""
        return np.asarray(resized(field, self.objects.shape, Image.Resampling.BOX), np.float64)


def cases(data: Path | None, count: int, scale: float) -> Iterator[Case]:
    """Frames that are `scale` times as wide and as high as those of the set, or as SIZE."""
    if data is None:
        known = SCENE_IDS.lookup(STREET_CLASSES)
        for seed in range(count):
            scene = StreetScene(HELD_OUT + seed, *scaled(SIZE, scale)).render(1.0)
            labels = known[scene.labels]
            yield Case(scene.rgb, labels, connected_components(labels)[0], scene.kelvin)
        return
    from train.evaluation.protocols import components

    for sample in validation_samples(data, count):
        large = resized(sample.rgb, scaled(sample.rgb.shape[:2], scale), Image.Resampling.BICUBIC)
        yield Case(large, sample.labels, components(sample), sample.thermal_kelvin)


def scaled(size: Sequence[int], scale: float) -> tuple[int, int]:
    """Height and width, `scale` times as large."""
    return (round(size[0] * scale), round(size[1] * scale))


def measure(ways: Mapping[str, Synthesizer], frames: Iterable[Case]) -> dict[str, dict[str, float]]:
    """Scores and milliseconds of several synthesizers, which take turns on each frame."""
    rows = {name: Scores(len(synth.info.classes)) for name, synth in ways.items()}
    rng = np.random.default_rng(0)
    for case in frames:
        # In any order, because one that ran before leaves threads that still wait.
        for name in rng.permutation(list(ways)):
            synth, scores = ways[name], rows[name]
            scores.add_alone(case, synth(case.rgb))
            if case.kelvin is None:
                continue
            labels, means = case.given_labels, resized(case.means, case.size)
            scores.add_given(case, synth(case.rgb, labels=labels, thermal_labels=means))
            # Last, because the class map is analysed by now.
            scores.add_painted(case, synth(case.rgb, labels=labels))
    return {name: scores.summary() for name, scores in rows.items()}


class Scores:
    """Of one synthesizer."""

    def __init__(self, classes: int) -> None:
        self._confusion = np.zeros((classes, classes), np.int64)
        self._values: dict[str, list[float]] = {}

    def _note(self, name: str, value: float) -> None:
        self._values.setdefault(name, []).append(float(value))

    def add_alone(self, case: Case, frame: Frame) -> None:
        """A frame from colours alone."""
        from train.evaluation.segmentation import confusion_of

        self._note("colours_only_ms", frame.timing.total)
        found = resized(frame.labels, case.labels.shape)
        self._confusion += confusion_of(case.labels, found, len(self._confusion))

    def add_painted(self, case: Case, frame: Frame) -> None:
        """A frame whose class map was given and whose temperatures are predicted."""
        painted = case.at_truth(frame.thermal_labels)
        self._note("r_of_temperatures", np.corrcoef(painted.ravel(), case.kelvin.ravel())[0, 1])

    def add_given(self, case: Case, frame: Frame) -> None:
        """A frame whose class map and objects' means were given."""
        from train.evaluation.frame_scores import correlation_within

        made, true = case.at_truth(frame.kelvin), case.kelvin.astype(np.float64)
        self._note("given_ms", frame.timing.total)
        self._note("r_within_objects", correlation_within(case.objects, true, made))
        self._note("absolute_error", np.abs(made - true).mean())
        self._note("absolute_error_of_flat_objects", np.abs(case.means - true).mean())

    def summary(self) -> dict[str, float]:
        """Medians of times, means of the rest."""
        from train.evaluation.segmentation import overlap

        accuracy, mean_iou, _ = overlap(self._confusion)
        summed = {
            name: round(statistics.median(values), 1)
            if name.endswith("_ms")
            else round(statistics.mean(values), 3)
            for name, values in self._values.items()
        }
        return {"pixel_accuracy": round(accuracy, 4), "mean_iou": round(mean_iou, 4), **summed}
