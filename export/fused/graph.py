"""The fused graph: what it takes and gives, and its model, joined from the bundle's own graphs.

It holds what the networks do and nothing of the composition, whose sums over objects TensorRT cannot read.
"""

from __future__ import annotations

import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from export.join import Part, join
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, TensorSpec

FILE = "fused.onnx"
CONDITIONS, CONTRASTS = "conditions", "contrasts"


def fused_spec(manifest: Manifest) -> GraphSpec:
    """What it takes and gives: the tensors of the layers, one after the other in painter's order."""
    graphs, classes = manifest.graphs, len(manifest.classes)
    layer = next(iter(graphs.layers.values()))
    features = {tensor.name for tensor in graphs.encoder.outputs}
    (condition,) = (tensor for tensor in layer.inputs if tensor.name not in features)
    (contrast,) = layer.outputs
    conditions = (classes, *condition.shape[1:])
    contrasts = (1, classes, *contrast.shape[2:])
    return GraphSpec(
        FILE,
        (
            *graphs.encoder.inputs,
            TensorSpec(CONDITIONS, condition.dtype, conditions, condition.range, condition.unit),
        ),
        (TensorSpec(CONTRASTS, contrast.dtype, contrasts, contrast.range, contrast.unit),),
    )


def fused_model(bundle: Bundle, precision: str) -> ModelProto:
    """The graph at "fp32" or "fp16", of the bundle's encoder and layers at that precision."""
    manifest = bundle.manifest

    def graph(of: GraphSpec) -> ModelProto:
        return onnx.load_from_string(bundle.model(of, precision))

    encoder = graph(manifest.graphs.encoder)
    layers = [
        Part(
            f"layer_{name}",
            graph(manifest.graphs.layers[name]),
            {"condition": f"condition/{name}", "contrast": f"contrast/{name}"},
        )
        for name in manifest.classes
    ]
    spec = fused_spec(manifest)
    inputs, outputs = (
        [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, t.shape) for t in tensors]
        for tensors in (spec.inputs, spec.outputs)
    )
    parts = [
        Part("split", _split(encoder, inputs[-1], manifest.classes)),
        Part("encoder", encoder),
        *layers,
        Part("concat", _concatenation(encoder, manifest.classes, outputs[0])),
    ]
    return without_round_trips(join("fused", parts, inputs, outputs))


def without_round_trips(model: ModelProto) -> ModelProto:
    """Take out casts from half to float32 and back, with which half twins hand on their tensors unchanged.

    Args:
        model: with the types of its tensors; it is changed.
    """
    graph = model.graph
    half = {t.name for t in graph.value_info if t.type.tensor_type.elem_type == TensorProto.FLOAT16}
    widened = {
        node.output[0]: node.input[0]
        for node in graph.node
        if _casts_to(node, TensorProto.FLOAT) and node.input[0] in half
    }
    same = {
        node.output[0]: widened[node.input[0]]
        for node in graph.node
        if _casts_to(node, TensorProto.FLOAT16) and node.input[0] in widened
    }
    kept = [node for node in graph.node if node.output[0] not in same]
    for node in kept:
        node.input[:] = [same.get(name, name) for name in node.input]
    read = {name for node in kept for name in node.input} | {tensor.name for tensor in graph.output}
    kept = [node for node in kept if any(name in read for name in node.output)]
    del graph.node[:]
    graph.node.extend(kept)
    made = {name for node in kept for name in node.output}
    shapes = [tensor for tensor in graph.value_info if tensor.name in made]
    del graph.value_info[:]
    graph.value_info.extend(shapes)
    onnx.checker.check_model(model, full_check=True)
    return model


def _casts_to(node: NodeProto, dtype: int) -> bool:
    return node.op_type == "Cast" and any(a.name == "to" and a.i == dtype for a in node.attribute)


def _split(like: ModelProto, conditions: ValueInfoProto, classes: tuple[str, ...]) -> ModelProto:
    """One condition for each class."""
    names = [f"condition/{name}" for name in classes]
    node = helper.make_node(
        "Split", [conditions.name], names, name="conditions", axis=0, num_outputs=len(classes)
    )
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    return _model(like, node, [conditions], outputs)


def _concatenation(like: ModelProto, classes: tuple[str, ...], contrasts: ValueInfoProto) -> ModelProto:
    names = [f"contrast/{name}" for name in classes]
    node = helper.make_node("Concat", names, [contrasts.name], name="contrasts", axis=1)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    return _model(like, node, inputs, [contrasts])


def _model(
    like: ModelProto, node: NodeProto, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]
) -> ModelProto:
    """A model of one node, with another's versions."""
    graph = helper.make_graph([node], node.op_type, inputs, outputs)
    return helper.make_model(graph, opset_imports=like.opset_import, ir_version=like.ir_version)
