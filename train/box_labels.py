"""What the human boxes know and the pseudo labels do not: who is there, and who is not.

Most people and nearly all cars of the night frames are absent from the pseudo labels, so a segmenter that
trusts those learns that nobody is there. A box says where an object is, the thermal picture what its outline
is. A quarter of the pixels that the pseudo labels call people by day, and a third at night, lie in no box:
barriers, lamps and trees, which teach that people are cold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from skimage.draw import ellipse

from thermalsdk.labels import STREET_CLASSES, VOID
from train.data import Box, Sample

BACKGROUND, CAR, PERSON = (STREET_CLASSES.index(name) for name in ("background", "car", "person"))
VEHICLES = [STREET_CLASSES.index(name) for name in ("truck", "bus", "minibus", "car")]
# A box with less of its class than this was missed by the pseudo labels; one with more than `FILLED` of a
# person was filled by the preparation of the set, which no outline does.
MISSED, FILLED = 0.25, 0.85
# A warm outline covers about this much of its box, or it is no outline.
OUTLINE_SHARE = (0.15, 0.8)
# A coat is colder than a face: warm is what lies this far from the surroundings to the box's warmest tenth.
WARM = 0.35
# A box for a person that is wider than this times its height was drawn around something else.
WIDEST = 1.0


def correct_by_boxes(sample: Sample) -> Sample:
    """The sample with labels where its boxes know better; what they leave open becomes unsure.

    Small objects are drawn last. The finer map of the source, which knows no outlines, is dropped. A sample
    without labels, or that nobody drew boxes for, is returned as it is.
    """
    if sample.labels is None or sample.boxes is None:
        return sample
    labels = _confirmed(sample)
    for box in sorted(sample.boxes, key=lambda b: (b.x0 - b.x1) * (b.y1 - b.y0)):
        window = _window(box)
        if box.name == "person" and box.x1 - box.x0 > WIDEST * (box.y1 - box.y0):
            labels[window] = VOID
        elif box.name == "person":
            share = (sample.labels[window] == PERSON).mean()
            if share < MISSED or share > FILLED:
                labels[window] = np.where(warm_outline(sample, box), np.uint8(PERSON), VOID)
        elif box.name == "car" and np.isin(sample.labels[window], VEHICLES).mean() < MISSED:
            labels[window] = np.where(_disc(window), np.uint8(CAR), VOID)
    return replace(sample, labels=labels, source_map=None)


def _confirmed(sample: Sample) -> NDArray[np.uint8]:
    """A copy of the labels without the people that no box confirms; vehicles in no box become unsure.

    A rider is in the box of a bicycle. Parked cars may lack a box; people hardly do.
    """
    labels = sample.labels.copy()
    labels[(labels == PERSON) & ~_boxed(sample, ("person", "bicycle"))] = BACKGROUND
    labels[np.isin(labels, VEHICLES) & ~_boxed(sample, ("car",))] = VOID
    return labels


def _boxed(sample: Sample, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Where the boxes of these names are, with some room around them."""
    inside = np.zeros(sample.labels.shape, bool)
    for box in sample.boxes:
        if box.name in names:
            inside[_window(_grown(box, inside.shape))] = True
    return inside


def warm_outline(sample: Sample, box: Box) -> NDArray[np.bool_]:
    """The warm part of a person's box, as large as the box; an ellipse where there is no such part."""
    window = _window(box)
    disc = _disc(window)
    if sample.thermal_kelvin is None:
        return disc
    thermal = sample.thermal_kelvin[window]
    around = np.percentile(sample.thermal_kelvin[_window(_grown(box, sample.thermal_kelvin.shape))], 30)
    warm = thermal > around + WARM * (np.percentile(thermal, 90) - around)
    return warm if OUTLINE_SHARE[0] < warm.mean() < OUTLINE_SHARE[1] else disc


def _grown(box: Box, shape: tuple[int, ...]) -> Box:
    """The box with a quarter of its size more on every side, within the frame."""
    right, down = 0.25 * (box.x1 - box.x0), 0.25 * (box.y1 - box.y0)
    return Box(
        box.name,
        max(0.0, box.x0 - right),
        max(0.0, box.y0 - down),
        min(float(shape[1]), box.x1 + right),
        min(float(shape[0]), box.y1 + down),
    )


def _window(box: Box) -> tuple[slice, slice]:
    return slice(round(box.y0), max(round(box.y0) + 1, round(box.y1))), slice(
        round(box.x0), max(round(box.x0) + 1, round(box.x1))
    )


def _disc(window: tuple[slice, slice]) -> NDArray[np.bool_]:
    """The ellipse in a window."""
    shape = tuple(part.stop - part.start for part in window)
    disc = np.zeros(shape, bool)
    disc[ellipse((shape[0] - 1) / 2, (shape[1] - 1) / 2, shape[0] / 2, shape[1] / 2, shape)] = True
    return disc
