"""The graphs of a bundle: which module becomes which file, with which named tensors and dynamic axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from export.networks import TrainedNetworks
from export.trace import trace
from thermalsdk.bundle import GraphSpec, TensorSpec

ALIGNMENT = 32
TRACE_HEIGHT, TRACE_WIDTH = 256, 320

Side = TypeVar("Side", int, str)


@dataclass(frozen=True)
class Tensor4:
    """A named image-like tensor [1, channels, H/stride, W/stride], or a vector [1, channels] at stride 0.

    With `channels_last` it is [1, H/stride, W/stride, channels].
    """

    name: str
    channels: int
    stride: int
    range: tuple[float, float] | None = None
    unit: str = "1"
    channels_last: bool = False

    def spec(self) -> TensorSpec:
        """As the manifest states it."""
        height, width = ("H", "W") if self.stride == 1 else (f"H/{self.stride}", f"W/{self.stride}")
        return TensorSpec(self.name, "float32", self._shape(height, width), self.range, self.unit)

    def example(self, height: int, width: int, seed: int) -> Tensor:
        """A random value, uniform in the range where there is one, else normal."""
        rng = torch.Generator().manual_seed(seed)
        shape = self._shape(height // max(1, self.stride), width // max(1, self.stride))
        if self.range is None:
            return torch.randn(shape, generator=rng)
        low, high = self.range
        return low + (high - low) * torch.rand(shape, generator=rng)

    def by_side(self, height: Any, width: Any) -> dict[int, Any] | None:
        """What belongs to height and to width, by axis; None for a vector."""
        if self.stride == 0:
            return None
        return {1: height, 2: width} if self.channels_last else {2: height, 3: width}

    def _shape(self, height: Side, width: Side) -> tuple[int | Side, ...]:
        if self.stride == 0:
            return (1, self.channels)
        if self.channels_last:
            return (1, height, width, self.channels)
        return (1, self.channels, height, width)


@dataclass(frozen=True)
class Graph:
    """One ONNX file to be: its module, inputs and outputs."""

    file: str
    module: nn.Module
    inputs: tuple[Tensor4, ...]
    outputs: tuple[Tensor4, ...]
    takes_frames: bool = True

    def spec(self) -> GraphSpec:
        """As the manifest states it."""
        return GraphSpec(
            self.file, tuple(t.spec() for t in self.inputs), tuple(t.spec() for t in self.outputs)
        )

    def examples(self, height: int, width: int, seed: int = 0) -> tuple[Tensor, ...]:
        """Random inputs for a frame of height x width, both multiples of 32."""
        return tuple(t.example(height, width, seed + i) for i, t in enumerate(self.inputs))


@dataclass(frozen=True)
class BundleGraphs:
    """All graphs of a bundle."""

    encoder: Graph
    layers: dict[str, Graph]
    segmenter: Graph
    labeller: Graph

    def all(self) -> tuple[Graph, ...]:
        """Encoder first, then the layers in painter's order."""
        return (self.encoder, *self.layers.values(), self.segmenter, self.labeller)


def graphs_of(networks: TrainedNetworks) -> BundleGraphs:
    """Name and shape what the networks take and give."""
    generator, segmenter, labeller = networks.generator, networks.segmenter, networks.labeller
    classes = generator.classes
    rgb = Tensor4("rgb", 3, 1, (0.0, 1.0))
    height, width = TRACE_HEIGHT, TRACE_WIDTH
    encoder = generator.encoder.export_form()
    with torch.no_grad():
        channels = [f.shape[-1] for f in encoder(torch.zeros(1, 3, height, width))]
    features = (
        Tensor4("features_2", channels[0], 2, channels_last=True),
        Tensor4("features_4", channels[1], 4, channels_last=True),
        Tensor4("features_8", channels[2], 8, channels_last=True),
        Tensor4("latent", channels[3], 0),
    )
    condition = Tensor4("condition", 3, 4, (0.0, 1.0))
    contrast = Tensor4("contrast", 1, 1, (-1.0, 1.0))
    return BundleGraphs(
        encoder=Graph("encoder.onnx", encoder, (rgb,), features),
        layers={
            name: Graph(
                f"layer_{name}.onnx",
                layer.export_form(),
                (*features, condition),
                (contrast,),
                takes_frames=False,
            )
            for name, layer in generator.layers.items()
        },
        segmenter=Graph("segmenter.onnx", segmenter, (rgb,), (Tensor4("logits", len(classes), 4),)),
        labeller=Graph(
            "labeller.onnx",
            labeller,
            (Tensor4("rgb_4", 3, 4, (0.0, 1.0)), Tensor4("class_fractions", len(classes), 4, (0.0, 1.0))),
            (Tensor4("temperature", 1, 8, None, "K"),),
        ),
    )


def write_onnx(graph: Graph, directory: Path) -> Path:
    """Trace a graph into `directory`: one file, standard operators, height and width dynamic."""
    path = directory / graph.file
    model = trace(
        graph.module,
        graph.examples(TRACE_HEIGHT, TRACE_WIDTH),
        [t.name for t in graph.inputs],
        [t.name for t in graph.outputs],
        _dynamic_shapes(graph),
    )
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path), full_check=True)
    return path


def _dynamic_shapes(graph: Graph) -> tuple[dict[int, Any] | None, ...]:
    """Axes of each input as multiples of one height and one width.

    The unit is what every input's size is a multiple of: a graph that sees the frame takes multiples of 32,
    a layer, whose regions are finer, multiples of 8.
    """
    coarsest = ALIGNMENT if graph.takes_frames else max(t.stride for t in graph.inputs)
    height, width = Dim("h"), Dim("w")
    return tuple(
        t.by_side(_times(coarsest // max(1, t.stride), height), _times(coarsest // max(1, t.stride), width))
        for t in graph.inputs
    )


def _times(factor: int, axis: Dim) -> Any:
    return axis if factor == 1 else factor * axis
