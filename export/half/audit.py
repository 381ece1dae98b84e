"""Does half hold every number? Each tensor that is half in a graph, with the values it has in float32.

ONNX Runtime's CPU computes half operators in float32, so a run there shows no overflow inside of them. The
graph is therefore widened: every half becomes a float32 of the same name, and the frames show how large and
how small it gets. Weights are audited as they were before rounding.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

Feed = Mapping[str, npt.NDArray[np.float32]]

#: Half ends at 65504; frames that were not seen may go twice as far.
LARGEST = 3e4
#: Half's smallest normal number; below, it loses bits.
SMALLEST = 2.0**-14
#: Half has 11 bits: what lies this far below a tensor's largest magnitude is lost beside it in any precision.
USEFUL = 2.0**-11


@dataclass(frozen=True)
class Magnitudes:
    """How large a tensor gets.

    Args:
        largest: largest magnitude; not finite where half weights overflowed.
        smallest: the largest magnitude of its weakest useful channel; a channel is useful if it reaches
            2^-11 of `largest`. 0 for a tensor of zeros.
    """

    largest: float
    smallest: float

    @property
    def fit_half(self) -> bool:
        """Whether half holds the tensor: nothing near its end, no useful channel in its underflow."""
        if self.largest == 0:
            return True
        return self.largest < LARGEST and self.smallest >= SMALLEST

    @classmethod
    def of(cls, peaks: npt.NDArray[np.floating]) -> Magnitudes:
        """From the largest magnitude of each channel."""
        largest = float(peaks.max())
        return cls(largest, float(peaks[peaks >= USEFUL * largest].min()) if np.isfinite(largest) else 0.0)


@dataclass(frozen=True)
class Audit:
    """Magnitudes of every half tensor of a graph, weights included, by name."""

    tensors: dict[str, Magnitudes]

    def misfits(self) -> dict[str, Magnitudes]:
        """The tensors that half does not hold."""
        return {name: m for name, m in self.tensors.items() if not m.fit_half}

    def as_record(self) -> dict[str, object]:
        """For the manifest: the extremes, and where they are."""
        record: dict[str, object] = {"half_tensors": len(self.tensors)}
        found = {name: m for name, m in self.tensors.items() if m.largest > 0}
        if found:
            largest = max(found, key=lambda name: found[name].largest)
            smallest = min(found, key=lambda name: found[name].smallest)
            record["largest"] = {"tensor": largest, "magnitude": found[largest].largest}
            record["smallest"] = {"tensor": smallest, "magnitude": found[smallest].smallest}
        return record


def audit(path: Path, weights: Feed, feeds: Iterable[Feed]) -> Audit:
    """Magnitudes of every half tensor of a graph.

    Args:
        path: the half graph, with float32 inputs.
        weights: the parameters that are half, as they were in float32, by name.
        feeds: inputs of the graph.
    """
    model = onnx.load(str(path))
    halves = {c.name for c in model.graph.initializer if c.data_type == TensorProto.FLOAT16}
    graph = _widened(model.graph, weights)
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer if c.name in halves}
    names = [name for name in _half_tensors(model) if name not in constants]
    graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    peaks = _peaks(graph, model, names, feeds) if names else {}
    peaks |= {name: _channel_peaks(values, axis=0) for name, values in {**constants, **weights}.items()}
    return Audit({name: Magnitudes.of(found) for name, found in peaks.items()})


def modules_behind(path: Path, tensors: Iterable[str]) -> set[str]:
    """Names of the sub-modules to keep in float32 so that more of these tensors are float32.

    Those that make some of the tensors themselves. What the graph's own module makes, such as a sum, follows
    its operands: only where nothing else is left are the makers of these named.
    """
    graph = onnx.load(str(path)).graph
    operands = {output: set(node.input) - {""} for node in graph.node for output in node.output}
    makers = {output: _module(node) for node in graph.node for output in node.output}
    pending, seen = set(tensors), set()
    while pending:
        # What no node makes is a weight, named after its module, or an input.
        found = {makers.get(name, name.rpartition(".")[0]) for name in pending} - {""}
        if found:
            return found
        seen |= pending
        pending = {operand for name in pending for operand in operands.get(name, ())} - seen
    return set()


def _module(node: NodeProto) -> str:
    """The sub-module whose call holds a node, "" for the graph's own module."""
    scopes = {p.key: p.value for p in node.metadata_props}.get("pkg.torch.onnx.name_scopes", "['']")
    return str(["", *ast.literal_eval(scopes)][-2])


def _half_tensors(model: ModelProto) -> list[str]:
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    typed = [*graph.value_info, *graph.output]
    return [t.name for t in typed if t.type.tensor_type.elem_type == TensorProto.FLOAT16]


def _peaks(
    graph: GraphProto, model: ModelProto, names: list[str], feeds: Iterable[Feed]
) -> dict[str, npt.NDArray[np.floating]]:
    """Largest magnitude of every channel over all feeds, by tensor of a graph with the model's versions."""
    runnable = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    session = ort.InferenceSession(runnable.SerializeToString(), providers=["CPUExecutionProvider"])
    peaks: dict[str, npt.NDArray[np.floating]] = {}
    for feed in feeds:
        for name, values in zip(names, session.run(names, dict(feed)), strict=True):
            found = _channel_peaks(values, axis=1)
            peaks[name] = np.maximum(peaks.get(name, found), found)
    return peaks


def _channel_peaks(values: npt.NDArray[np.floating], axis: int) -> npt.NDArray[np.floating]:
    """Largest magnitude of each channel; an array of fewer than 3 axes is one channel."""
    size = np.abs(values.astype(np.float64))
    if size.ndim < 3:
        return size.max(keepdims=True).ravel()
    return np.moveaxis(size, axis, 0).reshape(size.shape[axis], -1).max(1)


def _widened(graph: GraphProto, weights: Feed) -> GraphProto:
    """The graph with float32 for half, its outputs left out, and the weights as they were before rounding."""
    nodes = [_widened_node(node) for node in graph.node]
    constants = [
        numpy_helper.from_array(weights[c.name], c.name) if c.name in weights else _widened_tensor(c)
        for c in graph.initializer
    ]
    return helper.make_graph(nodes, graph.name, graph.input, [], constants)


def _widened_node(node: NodeProto) -> NodeProto:
    copy = NodeProto()
    copy.CopyFrom(node)
    for attribute in copy.attribute:
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
            attribute.i = TensorProto.FLOAT
        elif attribute.type == onnx.AttributeProto.TENSOR:
            attribute.t.CopyFrom(_widened_tensor(attribute.t))
    return copy


def _widened_tensor(tensor: TensorProto) -> TensorProto:
    if tensor.data_type != TensorProto.FLOAT16:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name)
