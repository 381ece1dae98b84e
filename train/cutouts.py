"""People and cars cut out of other pictures and pasted into night frames: few labelled ones are in the dark.

Dwibedi, Misra and Hebert, "Cut, Paste and Learn" (ICCV 2017), with outlines from the thermal side of a pair.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import warm_outline
from train.data import Dataset, Sample
from train.decoded import DecodedFrames, decode
from train.nightfall import darken_to_night

CLASSES = {name: STREET_CLASSES.index(name) for name in ("person", "car")}
GROUND = [STREET_CLASSES.index(name) for name in ("background", "road")]
#: A camera at eye level on level ground: the horizon as a share of the frame's height, and an object's height
#: as a share of how far its foot lies below the horizon.
HORIZON = (0.35, 0.48)
HEIGHTS = {CLASSES["person"]: (0.9, 1.4), CLASSES["car"]: (0.7, 1.3)}
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
            labels[_solid(warm_outline(seen, box))] = CLASSES["person"]
        elif box.name == "car":
            labels[_superellipse(labels.shape)] = CLASSES["car"]
    return replace(sample, labels=labels)


def open_cutouts(root: Path) -> Cutouts | None:
    """The cut-outs of the prepared set flir_crops in `root`, or None where it is absent."""
    if not (root / "flir_crops" / "dataset.json").exists():
        return None
    dataset = Dataset.open(root / "flir_crops")
    return Cutouts(dataset, decode(dataset, "train", outlined))


class Cutouts:
    """Objects by class, night pictures apart from day's."""

    def __init__(self, dataset: Dataset, samples: DecodedFrames) -> None:
        self.dataset = dataset
        self._samples = samples
        self._numbers: dict[tuple[int, bool], list[int]] = {}
        for number, sample in enumerate(samples):
            found = int(sample.labels.min())
            if found != VOID:
                self._numbers.setdefault((found, sample.night), []).append(number)

    def __len__(self) -> int:
        return sum(map(len, self._numbers.values()))

    def paste(
        self, rng: np.random.Generator, rgb: NDArray[np.uint8], labels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Copies of a night frame [H,W,3] and its labels [H,W] with some objects standing on its ground."""
        rgb, labels = rgb.copy(), labels.copy()
        horizon = rng.uniform(*HORIZON) * labels.shape[0]
        feet = rng.uniform(horizon, labels.shape[0], rng.integers(1, MOST_OBJECTS + 1))
        for foot in np.sort(feet):  # the farthest first
            self._paste_one(rng, rgb, labels, horizon, foot)
        return rgb, labels

    def _paste_one(
        self,
        rng: np.random.Generator,
        rgb: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        horizon: float,
        foot: float,
    ) -> None:
        """Paste an object whose lower edge is at row `foot`, or none where there is no room for it."""
        found, night = self._draw_kind(rng)
        numbers = self._numbers[found, night]
        cutout = self._samples[numbers[rng.integers(len(numbers))]]
        height = rng.uniform(*HEIGHTS[found]) * (foot - horizon)
        scale = height / cutout.labels.shape[0]
        if height < LEAST_PIXELS or scale > LARGEST_SCALE:
            return
        size = (max(1, round(scale * cutout.labels.shape[1])), round(height))
        if size[0] >= labels.shape[1] or round(foot) < size[1]:
            return
        for _ in range(ATTEMPTS):
            left = int(rng.integers(labels.shape[1] - size[0]))
            if labels[min(round(foot), labels.shape[0] - 1), left + size[0] // 2] in GROUND:
                break
        else:
            return
        picture = cutout.rgb if night else darken_to_night(rng, cutout.rgb)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        inside = (cutout.labels == found).astype(np.float32)
        if rng.random() < 0.5:
            picture, inside = picture[:, ::-1], inside[:, ::-1]
        inside = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
        share = cv2.GaussianBlur(inside, (0, 0), FEATHER_PIXELS)[..., None]
        window = np.s_[round(foot) - size[1] : round(foot), left : left + size[0]]
        light = _light(rng, picture, rgb[window]) if night else 1.0
        mixed = share * np.minimum(255, light * picture) + (1 - share) * rgb[window]
        rgb[window] = np.rint(mixed).astype(np.uint8)
        labels[window][inside >= 0.5] = found

    def _draw_kind(self, rng: np.random.Generator) -> tuple[int, bool]:
        """Class and time of day: both classes alike, pictures of the night as often as those of the day."""
        kinds = sorted(self._numbers)
        return kinds[rng.integers(len(kinds))]


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
