"""Half-precision twins of the shipped bundle's encoder and layers, by the export's own code."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
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
        model = _with_weights_of(twin, bundle.model(first.spec()), bundle.model(layer.spec()))
        (folder / twin_name(layer.spec(), "fp16")).write_bytes(model)


def _write_traced(graph: Graph, folder: Path) -> Path:
    half = in_half(graph.module, sensitive_parts(graph.module))
    return write_onnx(replace(graph, file=twin_name(graph.spec(), "fp16"), module=half), folder)


def _with_weights_of(twin: bytes, first: bytes, other: bytes) -> bytes:
    """The twin of one FP32 layer with all in which another differs."""
    proto = onnx.load_from_string(twin)
    former, own = _constants(first), _constants(other)
    changed = {name for name in own if not np.array_equal(own[name], former[name])}
    for constant in proto.graph.initializer:
        if constant.name in changed:
            changed.remove(constant.name)
            dtype = numpy_helper.to_array(constant).dtype
            constant.CopyFrom(numpy_helper.from_array(own[constant.name].astype(dtype), constant.name))
    assert not changed
    return proto.SerializeToString()


def _constants(model: bytes) -> dict[str, np.ndarray]:
    return {c.name: numpy_helper.to_array(c) for c in onnx.load_from_string(model).graph.initializer}
