"""The encoder on the frame, then each layer where its class is: what is absent costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from thermalsdk.backends import Backend, Graph
from thermalsdk.bundle import Bundle, Manifest
from thermalsdk.class_map import ClassMap
from thermalsdk.contrasts import Contrasts
from thermalsdk.layers import Layers
from thermalsdk.workspace import Workspace

Float32 = npt.NDArray[np.float32]


class ByRegion:
    """One graph for the encoder and one for every class. Implements `Generator`."""

    def __init__(self, manifest: Manifest, encoder: Graph, layers: Mapping[str, Graph], threads: int) -> None:
        """Take over the graphs; `threads` layers, each on a thread of its own, run at the same time."""
        self._manifest = manifest
        self._encoder = encoder
        self._layer_graphs = layers
        self._threads = threads
        self._layers = Layers(manifest, layers, threads)
        self._workspace = Workspace()

    @classmethod
    def open(cls, bundle: Bundle, backend: Backend, threads: int) -> ByRegion:
        """Open the graphs for frames of `threads` CPU threads each. Raises as `Backend.open` does."""
        manifest = bundle.manifest
        encoder = backend.open(manifest.graphs.encoder, threads)
        layers = {name: backend.open(manifest.graphs.layers[name], 1) for name in manifest.classes}
        # A GPU works on one thing at a time.
        return cls(manifest, encoder, layers, threads if backend.device == "cpu" else 1)

    def another(self) -> ByRegion:
        """One more for the same graphs, with threads of its own: both may work at the same time."""
        return ByRegion(self._manifest, self._encoder, self._layer_graphs, self._threads)

    def encode(self, planes: Float32) -> Mapping[str, Float32]:
        """Features of the colours, as the layers take them; good until the next frame is encoded."""
        height, width = planes.shape[2:]
        features = {
            tensor.name: self._workspace.array(tensor.name, tensor.shape_for(height, width))
            for tensor in self._encoder.spec.outputs
        }
        self._encoder.run({"rgb": planes}, features)
        return features

    def contrasts(
        self, encoded: Mapping[str, Float32], class_map: ClassMap, thermal_labels: Float32
    ) -> Contrasts:
        """Contrast of every class in a frame, right on the class and its feather."""
        return self._layers.run(encoded, class_map, thermal_labels)

    def close(self) -> None:
        """Free its graphs and threads."""
        self._layers.close()
        for graph in (self._encoder, *self._layer_graphs.values()):
            graph.close()
