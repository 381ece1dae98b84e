"""A float32 graph in half precision: weights and activations float16, inputs and outputs float32."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def in_half(model: bytes, *, convolutions_in_full: int = 0) -> bytes:
    """Convert a serialised graph.

    convolutions_in_full: so many convolutions, the first ones, stay in float32 between casts.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    del graph.value_info[:]
    scales = {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:]}
    for initialiser in graph.initializer:
        if initialiser.data_type == TensorProto.FLOAT and initialiser.name not in scales:
            values = numpy_helper.to_array(initialiser).astype(np.float16)
            initialiser.CopyFrom(numpy_helper.from_array(values, initialiser.name))
    before = [_cast(tensor.name, f"{tensor.name}_half", TensorProto.FLOAT16) for tensor in graph.input]
    after = [_cast(f"{tensor.name}_half", tensor.name, TensorProto.FLOAT) for tensor in graph.output]
    edges = {tensor.name for tensor in (*graph.input, *graph.output)}
    nodes, full = [], 0
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [f"{name}_half" if name in edges else name for name in names]
        if node.op_type == "Conv" and full < convolutions_in_full:
            full += 1
            nodes += _in_full(node)
        else:
            nodes.append(node)
    kept = [*before, *nodes, *after]
    del graph.node[:]
    graph.node.extend(kept)
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString()


def _cast(source: str, target: str, dtype: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], name=f"{target}_cast", to=dtype)


def _in_full(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    full = onnx.NodeProto()
    full.CopyFrom(node)
    full.input[:] = [f"{name}_full_of_{node.output[0]}" for name in node.input]
    full.output[:] = [f"{node.output[0]}_full"]
    casts = [_cast(name, cast, TensorProto.FLOAT) for name, cast in zip(node.input, full.input, strict=True)]
    return [*casts, full, _cast(full.output[0], node.output[0], TensorProto.FLOAT16)]
