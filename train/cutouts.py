"""People and cars cut out of other pictures and pasted into night frames: few labelled ones are in the dark.

Dwibedi, Misra and Hebert, "Cut, Paste and Learn" (ICCV 2017), with outlines from the thermal side of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import CAR, PERSON, warm_outline
from train.data import Dataset, Sample
from train.decoded import DecodedFrames, decode
from train.mixture import provenance_of
from train.nightfall import darken_to_night

GROUND = [STREET_CLASSES.index(name) for name in ("background", "road")]
#: A camera at eye level on level ground: the horizon as a share of the frame's height, and an object's height
#: as a share of how far its foot lies below the horizon.
HORIZON = (0.35, 0.48)
HEIGHTS = {PERSON: (0.9, 1.4), CAR: (0.7, 1.3)}
#: Least height of a pasted object, and how much a cut-out may be enlarged.
LEAST_PIXELS, LARGEST_SCALE = 14, 1.3
MOST_OBJECTS = 4
ATTEMPTS = 8
#: |x|^n + |y|^n < 1: between the ellipse and the box, as a car is.
CAR_EXPONENT = 4
FEATHER_PIXELS = 1.0


def outlined(sample: Sample) -> Sample:
    """A picture that one object fills, with that object's class inside its outline and VOID around it."""
    labels = np.full(sample.rgb.shape[:2], VOID)
    for box in sample.boxes or ():
        if box.name == "person":
            # By day the road is as warm as whoever walks on it: an ellipse then.
            seen = sample if sample.night else replace(sample, thermal_kelvin=None)
            labels[_solid(warm_outline(seen, box))] = PERSON
        elif box.name == "car":
            labels[_superellipse(labels.shape)] = CAR
    return replace(sample, labels=labels)


def open_cutouts(root: Path) -> Cutouts | None:
    """The cut-outs of the prepared set flir_crops in `root`, or None where there are none."""
    if not (root / "flir_crops" / "dataset.json").exists():
        return None
    dataset = Dataset.open(root / "flir_crops")
    cutouts = Cutouts(dataset, decode(dataset, "train", outlined))
    return cutouts if len(cutouts) else None


@dataclass(frozen=True)
class _Place:
    """Rows and columns of a frame, bottom and right exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


class Cutouts:
    """Objects by class, night pictures apart from day's."""

    def __init__(self, dataset: Dataset, samples: DecodedFrames) -> None:
        self._dataset = dataset
        self._samples = samples
        self._numbers: dict[tuple[int, bool], list[int]] = {}
        for number, sample in enumerate(samples):
            found = _class_of(sample)
            if found != VOID:
                self._numbers.setdefault((found, sample.night), []).append(number)

    def __len__(self) -> int:
        return sum(map(len, self._numbers.values()))

    def provenance(self, share: float) -> dict[str, object]:
        """For the run's record; share: of the night frames that get some."""
        return provenance_of(self._dataset, len(self), share)

    def paste(
        self, rng: np.random.Generator, rgb: NDArray[np.uint8], labels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Copies of a night frame [H,W,3] and its labels [H,W] with some objects standing on its ground."""
        rgb, labels = rgb.copy(), labels.copy()
        horizon = rng.uniform(*HORIZON) * labels.shape[0]
        feet = rng.uniform(horizon, labels.shape[0], rng.integers(1, MOST_OBJECTS + 1))
        for foot in np.sort(feet):  # the farthest first
            cutout = self._draw(rng)
            height = rng.uniform(*HEIGHTS[_class_of(cutout)]) * (foot - horizon)
            place = _place(rng, cutout, labels, foot, height)
            if place is not None:
                _paste(rng, cutout, rgb[place.window], labels[place.window])
        return rgb, labels

    def _draw(self, rng: np.random.Generator) -> Sample:
        """A cut-out: both classes alike, pictures of the night as often as those of the day."""
        kinds = sorted(self._numbers)
        numbers = self._numbers[kinds[rng.integers(len(kinds))]]
        return self._samples[numbers[rng.integers(len(numbers))]]


def _class_of(cutout: Sample) -> int:
    """Of the object inside; VOID where there is none."""
    return int(cutout.labels.min())


def _place(
    rng: np.random.Generator, cutout: Sample, labels: NDArray[np.uint8], foot: float, height: float
) -> _Place | None:
    """Where an object of that height stands with its foot at that row; None where there is no room."""
    scale = height / cutout.labels.shape[0]
    if height < LEAST_PIXELS or scale > LARGEST_SCALE:
        return None
    bottom, width = round(foot), max(1, round(scale * cutout.labels.shape[1]))
    top = bottom - round(height)
    if width >= labels.shape[1] or top < 0:
        return None
    for _ in range(ATTEMPTS):
        left = int(rng.integers(labels.shape[1] - width))
        if labels[min(bottom, labels.shape[0] - 1), left + width // 2] in GROUND:
            return _Place(top, bottom, left, left + width)
    return None


def _paste(
    rng: np.random.Generator, cutout: Sample, rgb: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """Paint an object over a part of a frame and its labels, softly and in the light of the place."""
    size, found = labels.shape[::-1], _class_of(cutout)
    picture = cutout.rgb if cutout.night else darken_to_night(rng, cutout.rgb)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    inside = (cutout.labels == found).astype(np.float32)
    if rng.random() < 0.5:
        picture, inside = picture[:, ::-1], inside[:, ::-1]
    inside = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    share = cv2.GaussianBlur(inside, (0, 0), FEATHER_PIXELS)[..., None]
    light = _light(rng, picture, rgb) if cutout.night else 1.0
    rgb[:] = np.rint(share * np.minimum(255, light * picture) + (1 - share) * rgb)
    labels[inside >= 0.5] = found


def _light(rng: np.random.Generator, picture: NDArray[np.uint8], place: NDArray[np.uint8]) -> float:
    """Exposure that makes a picture about as bright as the place that it is put to: lamps stay lamps."""
    ratio = (place.mean() + 8) / (picture.mean() + 8)
    return float(np.clip(ratio * np.exp(rng.normal(0.2, 0.4)), 0.2, 1.5))


def _solid(outline: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """An outline without the gaps that a coat leaves in it."""
    size = 1 + 2 * (outline.shape[1] // 12)
    closed = cv2.morphologyEx(outline.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(closed, contours, -1, 1, cv2.FILLED).astype(bool)


def _superellipse(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = (np.linspace(-1, 1, size) ** CAR_EXPONENT for size in shape)
    return rows[:, None] + columns < 1
