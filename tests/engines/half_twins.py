"""Half-precision twins of the shipped bundle's encoder and layers, by the export's own code."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import onnx
from onnx import numpy_helper

from export.graphs import Graph, graphs_of, write_onnx
from export.half.module import in_half, sensitive_parts
from export.networks import networks_of
from thermalsdk.bundle import Bundle, twin_name


def write_half_twins(bundle: Bundle, folder: Path) -> None:
    """Copy a bundle into a folder and put twins beside its graphs, without audit and comparison.

    PyTorch needs seconds to trace a graph. The layers are of one architecture, so one of them is traced, and
    the others are its graph with weights of their own.
    """
    shutil.copytree(bundle.path, folder, dirs_exist_ok=True)
    graphs = graphs_of(networks_of(bundle))
    first, *others = graphs.layers.values()
    _write_traced(graphs.encoder, folder)
    twin = _write_traced(first, folder).read_bytes()
    for layer in others:
        own = _with_weights_of(twin, bundle.model(layer.spec()))
        (folder / twin_name(layer.spec(), "fp16")).write_bytes(own)


def _write_traced(graph: Graph, folder: Path) -> Path:
    half = in_half(graph.module, sensitive_parts(graph.module))
    return write_onnx(replace(graph, file=twin_name(graph.spec(), "fp16"), module=half), folder)


def _with_weights_of(twin: bytes, model: bytes) -> bytes:
    proto = onnx.load_from_string(twin)
    own = {c.name: numpy_helper.to_array(c) for c in onnx.load_from_string(model).graph.initializer}
    for constant in proto.graph.initializer:
        values = own[constant.name]
        assert values.shape == tuple(constant.dims)
        dtype = numpy_helper.to_array(constant).dtype
        constant.CopyFrom(numpy_helper.from_array(values.astype(dtype), constant.name))
    return proto.SerializeToString()
