"""Several ONNX graphs as one: tensors of the same name are the same tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import onnx
from onnx import GraphProto, ModelProto, ValueInfoProto, compose, helper


@dataclass(frozen=True)
class Part:
    """One of the graphs.

    Args:
        name: goes before the names of its own tensors and nodes.
        model: with inputs and outputs named as those of the other parts.
        wires: other names for some of these.
    """

    name: str
    model: ModelProto
    wires: Mapping[str, str] = field(default_factory=dict)


def join(
    name: str, parts: Sequence[Part], inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]
) -> ModelProto:
    """One model of the parts, each of which takes what earlier ones give; shapes are inferred strictly.

    Args:
        name: of the graph.
        parts: in the order of their work, of one opset.
        inputs, outputs: of the whole.
    """
    graphs = [_renamed(part) for part in parts]
    graph = helper.make_graph(
        [node for g in graphs for node in g.node],
        name,
        inputs,
        outputs,
        [constant for g in graphs for constant in g.initializer],
    )
    first = parts[0].model
    model = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(model, full_check=True)
    return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def _renamed(part: Part) -> GraphProto:
    graph = GraphProto()
    graph.CopyFrom(part.model.graph)
    # Shapes of the parts are in symbols of their own.
    del graph.value_info[:]
    return compose.add_prefix_graph(
        graph, f"{part.name}/", rename_inputs=False, rename_outputs=False, name_map=dict(part.wires)
    )
