"""The encoder on the frame, then each layer where its class is: what is absent costs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from thermalsdk.backends import Graph
from thermalsdk.class_map import ClassMap
from thermalsdk.layers import Contrasts, Layers
from thermalsdk.workspace import Workspace

Float32 = npt.NDArray[np.float32]


class ByRegion:
    """One graph for the encoder and one for every class. Implements `Generator`."""

    def __init__(self, encoder: Graph, layer_graphs: Sequence[Graph], layers: Layers) -> None:
        """Take over the graphs; `layers` runs those of the layers."""
        self._encoder = encoder
        self._layer_graphs = layer_graphs
        self.layers = layers
        self._workspace = Workspace()

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
        return self.layers.run(encoded, class_map, thermal_labels)

    def close(self) -> None:
        """Free its graphs and threads."""
        self.layers.close()
        for graph in (self._encoder, *self._layer_graphs):
            graph.close()
