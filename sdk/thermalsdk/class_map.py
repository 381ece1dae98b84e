"""What follows from a frame's class map alone: its objects, and where every layer has to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.bundle import Manifest
from thermalsdk.padding import pad
from thermalsdk.reduction import picked, reduction
from thermalsdk.regions import CELL, Regions, plan_regions
from thermalsdk.temperatures import Temperatures


@dataclass(eq=False)
class ClassMap:
    """An analysed class map. Its arrays are its own, and read-only where a caller could keep them.

    Args:
        labels: uint8 HxW.
        reduction: pixels of it, along each axis, that the networks see as one.
        seen: the map as the networks see it, uint8, reduced and padded to the sides that they need.
        instances: uint16 HxW, or None.
        objects: the areas that have one temperature each; good until the next map is analysed.
        regions: where the layers have to run, in pixels of the frame.
    """

    labels: npt.NDArray[np.uint8]
    reduction: int
    seen: npt.NDArray[np.uint8]
    instances: npt.NDArray[np.uint16] | None
    objects: compositing.ObjectMap
    regions: Regions
    _set: Temperatures | None = field(default=None, init=False)  # what R was asked for last
    _painted: npt.NDArray[np.float32] | None = field(default=None, init=False)

    def thermal_labels(self, temperatures: Temperatures, classes: Sequence[str]) -> npt.NDArray[np.float32]:
        """R of set temperatures: float32 HxW in kelvin, a new array; `classes` as the bundle orders them."""
        if self._set != temperatures:
            self._set, self._painted = replace(temperatures), None  # its mappings can be changed
            return temperatures.thermal_labels(self.labels, self.instances, classes)
        if self._painted is None:  # asked for again: the scene stands still
            self._painted = temperatures.thermal_labels(self.labels, self.instances, classes)
        return self._painted.copy()

    def thermal_labels_of(self, means: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """R of one temperature per object (float32 [count], kelvin): float32 HxW, a new array."""
        return compositing.paint(self.objects, means)


class ClassMaps:
    """Analyses the class maps of one bundle. A map that is equal to the one before is not analysed again."""

    def __init__(self, manifest: Manifest, region_sides: Sequence[int]) -> None:
        self._manifest = manifest
        self._region_sides = region_sides
        self._objects = compositing.ObjectMap(manifest.feather_pixels)
        self._key: tuple[tuple[int, ...], bytes, bytes | None] | None = None
        self._last: ClassMap | None = None

    def of(self, labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16] | None) -> ClassMap:
        """Analyse `labels` (uint8 HxW in the bundle's ids), with objects by `instances` if there are any."""
        key = (labels.shape, labels.tobytes(), None if instances is None else instances.tobytes())
        if self._last is None or self._key != key:
            self._last = None  # its objects are no longer of its map, also where the new one is refused
            self._last, self._key = self._analysed(*key), key
        return self._last

    def _analysed(
        self, shape: tuple[int, ...], labels_bytes: bytes, instance_bytes: bytes | None
    ) -> ClassMap:
        labels = np.frombuffer(labels_bytes, np.uint8).reshape(shape)
        instances = None
        if instance_bytes is not None:
            instances = np.frombuffer(instance_bytes, np.uint16).reshape(shape)
        self._objects.analyse(labels, instances)
        factor = reduction((shape[0], shape[1]), self._manifest.known_side_pixels)
        alignment, growth = self._manifest.alignment, self._manifest.region_growth_pixels
        if factor > 1 and self._manifest.feather_pixels == 0:
            growth += CELL  # an enlarged pixel is made of its neighbours too, which a feather has room for
        padded = pad(labels, alignment * factor)
        regions = plan_regions(padded, len(self._manifest.classes), growth, self._region_sides, factor)
        seen = pad(picked(labels, factor), alignment)
        return ClassMap(labels, factor, seen, instances, self._objects, regions)
