"""Encoder and all layers as one graph on the whole frame: what is absent is computed too, in one launch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from thermalsdk.backends import Graph
from thermalsdk.bundle import Manifest
from thermalsdk.class_map import ClassMap
from thermalsdk.conditions import write_conditions
from thermalsdk.contrasts import Contrasts
from thermalsdk.regions import Regions
from thermalsdk.workspace import Workspace

_RGB, _CONDITIONS, _CONTRASTS = "rgb", "conditions", "contrasts"
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
        """Contrast of every class in a frame, right everywhere. No class has a time of its own."""
        conditions, values = self._array(_CONDITIONS, class_map), self._array(_CONTRASTS, class_map)
        write_conditions(self._manifest, class_map, thermal_labels, 1, conditions)
        self._graph.run({**encoded, _CONDITIONS: conditions}, {_CONTRASTS: values})
        regions = Regions.whole(range(len(self._manifest.classes)), class_map.padded.shape)
        contrasts = Contrasts.on(regions, values.ravel(), class_map.objects.count, self._workspace)
        for index in range(len(regions.runs)):
            contrasts.measure(index, class_map.objects)
        return contrasts

    def _array(self, name: str, class_map: ClassMap) -> Float32:
        """Memory for a tensor of the padded frame."""
        height, width = class_map.padded.shape
        return self._workspace.array(name, self._tensors[name].shape_for(height, width))

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()
