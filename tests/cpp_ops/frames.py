"""Random frames for the property tests: blocky class maps, their objects, contrasts and temperatures."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from thermalsdk.compositing import ObjectMap, composite, connected_components, contrast_sums, reference

CLASSES = 6
CONTRAST_KELVIN = 10.0


@dataclass(frozen=True)
class Frame:
    """What the composition is made of. `contrasts` are planes by class, None for one that labels lack.

    Without `instances` objects are connected areas of one class.
    """

    labels: np.ndarray
    contrasts: list
    thermal_labels: np.ndarray
    contrast_kelvin: float = CONTRAST_KELVIN
    feather: int = 2
    instances: np.ndarray | None = None

    @property
    def objects(self):
        return connected_components(self.labels, self.instances)[0]

    @property
    def specified(self):
        """Its composition, by the specification."""
        return reference.composite(
            self.labels,
            self.objects,
            self.contrasts,
            self.thermal_labels,
            self.contrast_kelvin,
            self.feather,
        )

    def composed(self, regions=None, threads=1, out=None):
        """Its composition, by the native module; without regions each class has one, the whole frame."""
        regions = self.whole_regions() if regions is None else regions
        objects, contrasts = self.object_map(), self.packed(regions)
        sums = np.empty((len(regions), objects.count), np.float32)
        for index in range(len(regions)):
            contrast_sums(objects, regions, index, contrasts, sums)
        return composite(
            objects, regions, contrasts, sums, self.thermal_labels, self.contrast_kelvin, threads, out
        )

    def object_map(self):
        objects = ObjectMap(self.feather)
        objects.analyse(self.labels, self.instances)
        return objects

    def whole_regions(self):
        frame = (0, 0, *self.labels.shape)
        return np.array([(k, *frame, *frame) for k in np.unique(self.labels)], np.int32)

    def cut_regions(self, rng):
        """The cores of each class share out the frame at random; the last stick out of it, as in padding."""
        rows = []
        for k in np.unique(self.labels):
            tops, lefts = (
                sorted({0, *rng.integers(0, side, rng.integers(0, 3)).tolist()}) for side in self.labels.shape
            )
            ends = [side + int(rng.integers(0, 9)) for side in self.labels.shape]
            for top, bottom in zip(tops, [*tops[1:], ends[0]], strict=True):
                for left, right in zip(lefts, [*lefts[1:], ends[1]], strict=True):
                    before, after = rng.integers(self.feather, self.feather + 4, (2, 2)).tolist()
                    box = (max(0, top - before[0]), max(0, left - before[1]))
                    rows.append((k, top, left, bottom, right, *box, bottom + after[0], right + after[1]))
        return np.array(rows, np.int32)

    def packed(self, regions):
        """Contrasts of the boxes, one after another; outside of the frame NaN."""
        boxes = []
        for k, *_, top, left, bottom, right in regions:
            box = np.full((bottom - top, right - left), np.nan, np.float32)
            part = self.contrasts[k][top:bottom, left:right]
            box[: part.shape[0], : part.shape[1]] = part
            boxes.append(box.ravel())
        return np.concatenate(boxes)

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
    """Temperatures of the objects of the class map, and contrasts for the classes that are there."""
    objects, count = connected_components(labels)
    present = np.unique(labels)
    contrasts = [
        rng.uniform(-1, 1, labels.shape).astype(np.float32) if k in present else None for k in range(CLASSES)
    ]
    temperatures = rng.uniform(250, 340, count).astype(np.float32)
    return Frame(labels, contrasts, temperatures[objects], feather=feather)


@st.composite
def class_maps(draw, multiple=1, largest=48):
    """A class map and the generator it came from; height and width are multiples of `multiple`."""
    sizes = st.integers(1, largest // multiple)
    height, width = multiple * draw(sizes), multiple * draw(sizes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return blocky_labels(rng, height, width, noise=draw(st.sampled_from([0.0, 0.02, 0.5]))), rng


@st.composite
def frames(draw, largest=160):
    """A frame for the composition; wide ones span several of the segments that the native module works on."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = blocky_labels(rng, height, width, noise=draw(st.sampled_from([0.0, 0.02, 0.5])))
    return random_frame(rng, labels, feather=draw(st.integers(0, 4)))
