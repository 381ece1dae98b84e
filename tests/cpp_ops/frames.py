"""Random frames for the property tests: blocky class maps, their objects, contrasts and temperatures."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from thermalsdk.compositing import connected_components, reference

CLASSES = 6
CONTRAST_KELVIN = 10.0


@dataclass(frozen=True)
class Frame:
    """Arguments of composite, in its order."""

    labels: np.ndarray
    objects: np.ndarray
    contrasts: list
    thermal_labels: np.ndarray
    contrast_kelvin: float
    feather: int

    @property
    def arguments(self):
        return (
            self.labels,
            self.objects,
            self.contrasts,
            self.thermal_labels,
            self.contrast_kelvin,
            self.feather,
        )

    def near(self, class_id):
        """Pixels whose window holds the class, bool [H,W]."""
        return reference.windowed(self.labels == class_id, self.feather) > 0

    def replaced(self, **parts):
        return replace(self, **parts)


def blocky_labels(rng, height, width, classes=CLASSES, noise=0.02):
    """A class map of overlapping rectangles with a few stray pixels, uint8 [H,W]."""
    labels = np.full((height, width), rng.integers(classes), np.uint8)
    for _ in range(rng.integers(0, 9)):
        top, left = rng.integers(height), rng.integers(width)
        rows, columns = rng.integers(1, height + 1), rng.integers(1, width + 1)
        labels[top : top + rows, left : left + columns] = rng.integers(classes)
    stray = rng.random((height, width)) < noise
    labels[stray] = rng.integers(0, classes, stray.sum())
    return labels


def random_frame(rng, labels, feather=2):
    """Objects of the class map, a temperature for each, and contrasts for the classes that are there."""
    objects, count = connected_components(labels)
    present = np.unique(labels)
    contrasts = [
        rng.uniform(-1, 1, labels.shape).astype(np.float32) if k in present else None for k in range(CLASSES)
    ]
    temperatures = rng.uniform(250, 340, count).astype(np.float32)
    return Frame(labels, objects, contrasts, temperatures[objects], CONTRAST_KELVIN, feather)


@st.composite
def class_maps(draw, multiple=1, largest=48):
    """A class map and the generator it came from; height and width are multiples of `multiple`."""
    sizes = st.integers(1, largest // multiple)
    height, width = multiple * draw(sizes), multiple * draw(sizes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return blocky_labels(rng, height, width, noise=draw(st.sampled_from([0.0, 0.02, 0.5]))), rng


@st.composite
def frames(draw, largest=160):
    """A frame for composite; wide ones span several of the segments that the native module works on."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = blocky_labels(rng, height, width, noise=draw(st.sampled_from([0.0, 0.02, 0.5])))
    return random_frame(rng, labels, feather=draw(st.integers(0, 4)))
