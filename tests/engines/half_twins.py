"""Half-precision twins of the shipped bundle's encoder and layers, by the export's own code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
from onnx import numpy_helper

from export.graphs import Graph, graphs_of, write_onnx
from export.half.module import in_half, sensitive_parts
from export.networks import networks_of
from thermalsdk.bundle import Bundle, twin_name


def half_twins(bundle: Bundle, folder: Path) -> dict[str, bytes]:
    """Serialised twins by file of the FP32 graph, without the audit and the comparison of `--fp16`.

    PyTorch needs seconds to trace a graph. The layers are of one architecture, so one of them is traced, and
    the others are its graph with weights of their own.
    """
    graphs = graphs_of(networks_of(bundle))
    encoder, first = (
        _traced(graph, folder) for graph in (graphs.encoder, next(iter(graphs.layers.values())))
    )
    layers = bundle.manifest.graphs.layers.values()
    return {graphs.encoder.file: encoder} | {
        spec.file: _with_weights_of(first, bundle.model(spec)) for spec in layers
    }


def _traced(graph: Graph, folder: Path) -> bytes:
    half = in_half(graph.module, sensitive_parts(graph.module))
    return write_onnx(replace(graph, file=twin_name(graph.spec(), "fp16"), module=half), folder).read_bytes()


def _with_weights_of(twin: bytes, model: bytes) -> bytes:
    proto = onnx.load_from_string(twin)
    own = {c.name: numpy_helper.to_array(c) for c in onnx.load_from_string(model).graph.initializer}
    for constant in proto.graph.initializer:
        values = own[constant.name]
        assert values.shape == tuple(constant.dims)
        dtype = numpy_helper.to_array(constant).dtype
        constant.CopyFrom(numpy_helper.from_array(values.astype(dtype), constant.name))
    return proto.SerializeToString()
