"""A bundle of random weights: every name and shape of the real one, and milliseconds a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thermalsdk.bundle import Graphs, GraphSpec, Manifest, TensorSpec, twin_name, write_manifest
from thermalsdk.labels import STREET_CLASSES

OPSET = 18
IR_VERSION = 10
CHANNELS = {"features_2": 4, "features_4": 5, "features_8": 6}
LATENT = 4

Shape = tuple[int | str, ...]


def write_tiny_bundle(
    directory: Path,
    classes: Sequence[str] = STREET_CLASSES,
    *,
    segmenter: bool = True,
    labeller: bool = True,
    precision: str | None = None,
    seed: int = 0,
) -> Path:
    """Write a complete bundle into a new folder and return the folder.

    precision: write twins of this precision as well (they are copies: only their presence matters here).
    """
    directory.mkdir(parents=True)
    weights = _Weights(seed)
    graphs = Graphs(
        encoder=_write(directory, "encoder", *_encoder(weights)),
        layers={name: _write(directory, f"layer_{name}", *_layer(weights)) for name in classes},
        segmenter=_write(directory, "segmenter", *_segmenter(weights, len(classes))) if segmenter else None,
        labeller=_write(directory, "labeller", *_labeller(weights, len(classes))) if labeller else None,
    )
    if precision is not None:
        for spec in graphs.all():
            twin = directory / twin_name(spec, precision)
            twin.write_bytes((directory / spec.file).read_bytes())
    manifest = Manifest(
        name="tiny", classes=tuple(classes), graphs=graphs, kelvin_range=(253.15, 333.15), radiometric=False
    )
    write_manifest(directory, manifest)
    return directory


class _Weights:
    """Random initialisers with a fixed seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def tensor(self, name: str, *shape: int) -> TensorProto:
        fan_in = int(np.prod(shape[1:])) or 1
        values = self._rng.normal(0.0, 1.5 / np.sqrt(fan_in), shape).astype(np.float32)
        return numpy_helper.from_array(values, name)


Body = tuple[list[TensorSpec], list[TensorSpec], list[onnx.NodeProto], list[TensorProto]]


def _encoder(weights: _Weights) -> Body:
    nodes, initialisers = [], []
    source, channels = "rgb", 3
    outputs = []
    for stride, (name, out_channels) in zip((2, 4, 8), CHANNELS.items(), strict=True):
        initialisers.append(weights.tensor(f"{name}_weight", out_channels, channels, 3, 3))
        nodes.append(
            helper.make_node(
                "Conv", [source, f"{name}_weight"], [f"{name}_linear"], strides=[2, 2], pads=[1] * 4
            )
        )
        source, channels = f"{name}_planes", out_channels
        nodes.append(helper.make_node("Tanh", [f"{name}_linear"], [source]))
        nodes.append(helper.make_node("Transpose", [source], [name], perm=[0, 2, 3, 1]))
        outputs.append(_tensor(name, (1, f"H/{stride}", f"W/{stride}", out_channels)))
    initialisers.append(weights.tensor("latent_weight", channels, LATENT))
    nodes += [
        helper.make_node("GlobalAveragePool", [source], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "latent_weight"], ["latent"]),
    ]
    outputs.append(_tensor("latent", (1, LATENT)))
    return [_tensor("rgb", (1, 3, "H", "W"), (0.0, 1.0))], outputs, nodes, initialisers


def _layer(weights: _Weights) -> Body:
    """tanh of the sum of every input, each brought to full size by depth-to-space."""
    sizes = {"features_2": 2, "features_4": 4, "features_8": 8, "condition": 4}
    channels = {**CHANNELS, "condition": 3}
    nodes, initialisers = [], []
    for name, block in sizes.items():
        source = name
        if name in CHANNELS:
            source = f"{name}_planes"
            nodes.append(helper.make_node("Transpose", [name], [source], perm=[0, 3, 1, 2]))
        initialisers.append(weights.tensor(f"{name}_weight", block * block, channels[name], 1, 1))
        nodes.append(helper.make_node("Conv", [source, f"{name}_weight"], [f"{name}_blocks"]))
        nodes.append(helper.make_node("DepthToSpace", [f"{name}_blocks"], [f"{name}_full"], blocksize=block))
    initialisers.append(weights.tensor("latent_weight", LATENT, 1))
    initialisers.append(numpy_helper.from_array(np.array([1, 1, 1, 1], np.int64), "one_pixel"))
    nodes += [
        helper.make_node("MatMul", ["latent", "latent_weight"], ["latent_number"]),
        helper.make_node("Reshape", ["latent_number", "one_pixel"], ["latent_full"]),
        helper.make_node("Sum", [*(f"{name}_full" for name in sizes), "latent_full"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["contrast"]),
    ]
    inputs = [_tensor(name, (1, f"H/{sizes[name]}", f"W/{sizes[name]}", CHANNELS[name])) for name in CHANNELS]
    inputs.append(_tensor("latent", (1, LATENT)))
    inputs.append(_tensor("condition", (1, 3, "H/4", "W/4")))
    return inputs, [_tensor("contrast", (1, 1, "H", "W"), (-1.0, 1.0))], nodes, initialisers


def _segmenter(weights: _Weights, classes: int) -> Body:
    node = helper.make_node("Conv", ["rgb", "weight"], ["logits"], strides=[4, 4])
    inputs = [_tensor("rgb", (1, 3, "H", "W"), (0.0, 1.0))]
    outputs = [_tensor("logits", (1, classes, "H/4", "W/4"))]
    return inputs, outputs, [node], [weights.tensor("weight", classes, 3, 4, 4)]


def _labeller(weights: _Weights, classes: int) -> Body:
    """280 to 300 K."""
    initialisers = [
        weights.tensor("weight", 1, 3 + classes, 2, 2),
        numpy_helper.from_array(np.float32(20.0), "span"),
        numpy_helper.from_array(np.float32(280.0), "lowest"),
    ]
    nodes = [
        helper.make_node("Concat", ["rgb_4", "class_fractions"], ["everything"], axis=1),
        helper.make_node("Conv", ["everything", "weight"], ["linear"], strides=[2, 2]),
        helper.make_node("Sigmoid", ["linear"], ["share"]),
        helper.make_node("Mul", ["share", "span"], ["above"]),
        helper.make_node("Add", ["above", "lowest"], ["temperature"]),
    ]
    inputs = [
        _tensor("rgb_4", (1, 3, "H/4", "W/4"), (0.0, 1.0)),
        _tensor("class_fractions", (1, classes, "H/4", "W/4"), (0.0, 1.0)),
    ]
    return inputs, [_tensor("temperature", (1, 1, "H/8", "W/8"), unit="K")], nodes, initialisers


def _tensor(
    name: str, shape: Shape, limits: tuple[float, float] | None = None, unit: str | None = None
) -> TensorSpec:
    return TensorSpec(name, "float32", shape, limits, unit)


def _write(
    directory: Path,
    name: str,
    inputs: list[TensorSpec],
    outputs: list[TensorSpec],
    nodes: list[onnx.NodeProto],
    initialisers: list[TensorProto],
) -> GraphSpec:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, spec.shape) for spec in inputs],
        [helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, spec.shape) for spec in outputs],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    file = f"{name}.onnx"
    (directory / file).write_bytes(model.SerializeToString())
    return GraphSpec(file, tuple(inputs), tuple(outputs))
