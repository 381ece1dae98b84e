"""The contrasts that the layers make of a frame, region by region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.regions import Regions
from thermalsdk.workspace import Workspace

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Contrasts of a frame, good until the next one.

    Args:
        regions: where the layers ran.
        values: float32 [pixels of all boxes] in [-1, 1], one box after another, each right on its core and
            the feather around it and finite elsewhere.
        sums: float32 [regions, objects]: what each region adds to the mean contrast of each object.
        spent: seconds of one thread by place among the runs. Runs go on side by side, so these may add up to
            more than the clock shows. Empty where runs have no time of their own.
    """

    regions: Regions
    values: Float32
    sums: Float32
    spent: dict[int, float] = field(default_factory=dict)

    @classmethod
    def on(cls, regions: Regions, values: Float32, objects: int, workspace: Workspace) -> Contrasts:
        """Contrasts in `values`, of so many objects whose sums get memory of the workspace."""
        return cls(regions, values, workspace.array("contrast_sums", (len(regions.runs), objects)))

    def of(self, index: int) -> Float32:
        """Contrasts of one box, float32 [height, width] of it."""
        box, start = self.regions.runs[index].box, self.regions.starts[index]
        return self.values[start : start + box.area].reshape(box.size)

    def own(self, labels: npt.NDArray[np.uint8]) -> Float32:
        """Contrast of its own class at every pixel, float32 HxW; `labels` are the frame's, uint8 HxW."""
        own = np.full(labels.shape, np.nan, np.float32)
        for index, region in enumerate(self.regions.runs):
            rows, columns = region.core.cells(1)
            inside = labels[rows, columns] == region.class_id
            top, left = region.core.top - region.box.top, region.core.left - region.box.left
            contrast = self.of(index)[top : top + inside.shape[0], left : left + inside.shape[1]]
            own[rows, columns][inside] = contrast[inside]
        return own

    def milliseconds(self, classes: Sequence[str]) -> dict[str, float]:
        """Time by name of class; `classes` as the bundle orders them."""
        by_class: defaultdict[str, float] = defaultdict(float)
        for index, seconds in self.spent.items():
            by_class[classes[self.regions.runs[index].class_id]] += seconds * 1e3
        return dict(by_class)

    def measure(self, index: int, objects: compositing.ObjectMap) -> None:
        """Sum up what one region adds to the means of the objects, best while it is in the cache."""
        compositing.contrast_sums(objects, self.regions.rows, index, self.values, self.sums)
