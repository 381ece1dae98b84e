"""Does ONNX Runtime compute what PyTorch computes? Checked before anything is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from export.graphs import Graph
from thermalsdk.errors import ThermalSDKError
from thermalsdk.tolerances import FP32_ORT

# Frame sizes that the graphs were not traced at.
SIZES = ((64, 64), (256, 320), (480, 640), (352, 96))


class ParityError(ThermalSDKError):
    """An exported graph does not compute what its module computes."""


@dataclass(frozen=True)
class Parity:
    """Largest difference between ONNX Runtime and PyTorch, relative to the outputs' largest magnitude."""

    graph: str
    inputs: int
    max_difference: float


def check_graph(graph: Graph, path: Path, frames: list[torch.Tensor]) -> Parity:
    """Compare on random inputs of several sizes, and on real frames where the graph takes RGB.

    Args:
        frames: rgb [1,3,H,W] in [0,1], sizes multiples of 32.

    Raises:
        ParityError: the difference exceeds `thermalsdk.tolerances`.
    """
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [graph.examples(height, width, seed) for seed, (height, width) in enumerate(SIZES)]
    if [t.name for t in graph.inputs] == ["rgb"]:
        inputs += [(frame,) for frame in frames]
    worst = max(_difference(graph, session, values) for values in inputs)
    if not FP32_ORT.accepts(np.array([worst])):
        raise ParityError(
            f"{graph.file} differs from PyTorch by {worst:.2e}, more than {FP32_ORT.maximum:g}",
            "Report it with the versions of torch, onnx and onnxruntime.",
        )
    return Parity(graph.file, len(inputs), worst)


def _difference(graph: Graph, session: ort.InferenceSession, values: tuple[torch.Tensor, ...]) -> float:
    with torch.no_grad():
        expected = graph.module(*values)
    outputs = expected if isinstance(expected, tuple) else (expected,)
    feed = {t.name: v.numpy() for t, v in zip(graph.inputs, values, strict=True)}
    got = session.run([t.name for t in graph.outputs], feed)
    return max(
        float(np.abs(g - e.numpy()).max() / max(1.0, float(e.abs().max())))
        for g, e in zip(got, outputs, strict=True)
    )


def as_record(parities: list[Parity]) -> dict[str, dict[str, float]]:
    """For the manifest."""
    return {p.graph: {k: v for k, v in asdict(p).items() if k != "graph"} for p in parities}
