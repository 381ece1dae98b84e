"""Encoder and all layers as one graph on the whole frame: what is absent is computed too, in one launch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.backends import Graph
from thermalsdk.bundle import Manifest
from thermalsdk.class_map import ClassMap
from thermalsdk.conditions import write_conditions
from thermalsdk.contrasts import Contrasts
from thermalsdk.regions import Regions
from thermalsdk.workspace import Workspace

_RGB, _CONDITIONS, _CONTRASTS, _ENLARGED = "rgb", "conditions", "contrasts", "enlarged"
Float32 = npt.NDArray[np.float32]


class AtOnce:
    """The fused graph of a bundle. Implements `Generator`."""

    def __init__(self, manifest: Manifest, graph: Graph) -> None:
        self._manifest = manifest
        self._graph = graph
        self._tensors = {tensor.name: tensor for tensor in (*graph.spec.inputs, *graph.spec.outputs)}
        self._workspace = Workspace()

    def encode(self, planes: Float32) -> Mapping[str, Float32]:
        """The colours themselves: the encoder runs with the layers."""
        return {_RGB: planes}

    def contrasts(
        self, encoded: Mapping[str, Float32], class_map: ClassMap, thermal_labels: Float32
    ) -> Contrasts:
        """Contrast of every class in a frame. No class has a time of its own."""
        conditions, planes = self._array(_CONDITIONS, class_map), self._array(_CONTRASTS, class_map)
        write_conditions(self._manifest, class_map, thermal_labels, 1, conditions)
        self._graph.run({**encoded, _CONDITIONS: conditions}, {_CONTRASTS: planes})
        place = self._as_they_are if class_map.reduction == 1 else self._enlarged
        contrasts = place(planes[0], class_map)
        for index in range(len(contrasts.regions.runs)):
            contrasts.measure(index, class_map.objects)
        return contrasts

    def _as_they_are(self, planes: Float32, class_map: ClassMap) -> Contrasts:
        """Planes of a whole frame, [K,H,W]."""
        regions = Regions.whole(range(len(planes)), planes.shape[1:])
        return Contrasts.on(regions, planes.ravel(), class_map.objects.count, self._workspace)

    def _enlarged(self, planes: Float32, class_map: ClassMap) -> Contrasts:
        """Planes [K,h,w] of a reduced frame, at the frame's size where their classes are."""
        regions, factor = class_map.regions, class_map.reduction
        values = self._workspace.array(_ENLARGED, (regions.pixels,))
        contrasts = Contrasts.on(regions, values, class_map.objects.count, self._workspace)
        for index, region in enumerate(regions.runs):
            rows, columns = region.box.cells(factor)
            compositing.enlarge(planes[region.class_id, rows, columns], factor, contrasts.of(index))
        return contrasts

    def _array(self, name: str, class_map: ClassMap) -> Float32:
        """Memory for a tensor of what the graph sees."""
        height, width = class_map.seen.shape
        return self._workspace.array(name, self._tensors[name].shape_for(height, width))

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()
