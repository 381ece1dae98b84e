"""How much of an engine's arithmetic is in half precision: declared by its network, verified in the engine.

The share is weighted by multiply-accumulates (MAC) over convolutions, because a few cheap layers must not
outvote the expensive ones. What a network declares and what an engine was found to do are two figures, and
neither stands in for the other: TensorRT has built FP32 engines from FP16 requests without a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thermalsdk.engines.profiles import Profile

#: How TensorRT's inspectors word half precision: "Half", "Row major linear FP16 format", ...
_HALF = re.compile(r"half|fp16|float16", re.IGNORECASE)
#: Keys that hold it: TensorRT 10 has the first, TensorRT 11 splits it.
_TYPE_KEYS = ("Format/Datatype", "Datatype", "DataType")
#: Layers of an engine that only move data.
_MOVERS = ("Reformat", "NoOp", "Constant", "Shuffle")


@dataclass(frozen=True)
class Convolution:
    """One (transposed) convolution of a network: its name, its cost, and whether its input is float16."""

    name: str
    macs: int
    half: bool


def convolutions_of(trt: Any, network: Any, profile: Profile) -> tuple[Convolution, ...]:
    """Convolutions of a parsed, strongly typed network, with their cost at a profile's best shapes.

    Dynamic axes have no cost, so the inputs are given these shapes for the time of the count.
    """
    inputs = [network.get_input(number) for number in range(network.num_inputs)]
    dynamic = [tuple(tensor.shape) for tensor in inputs]
    try:
        for tensor in inputs:
            tensor.shape = profile.best[tensor.name]
        return tuple(_counted(trt, network))
    finally:
        for tensor, shape in zip(inputs, dynamic, strict=True):
            tensor.shape = shape


def _counted(trt: Any, network: Any) -> Iterator[Convolution]:
    kinds = {
        trt.LayerType.CONVOLUTION: trt.IConvolutionLayer,
        trt.LayerType.DECONVOLUTION: trt.IDeconvolutionLayer,
    }
    for number in range(network.num_layers):
        layer = network.get_layer(number)
        if layer.type not in kinds:
            continue
        kind = layer.type
        layer.__class__ = kinds[kind]  # how TensorRT's binding casts to what a layer is
        source, result = layer.get_input(0), layer.get_output(0)
        channels = source.shape[1]
        # A kernel is applied once per output of a convolution, once per input of a transposed one.
        places = math.prod((result if kind == trt.LayerType.CONVOLUTION else source).shape[2:])
        kernel = math.prod(layer.kernel_size_nd) * channels * layer.num_output_maps // layer.num_groups
        yield Convolution(layer.name, places * kernel, source.dtype == trt.DataType.HALF)


def declared(convolutions: Sequence[Convolution]) -> float | None:
    """Share of the MACs whose inputs the network types float16; None without convolutions."""
    return _share(convolutions, {c.name for c in convolutions if c.half})


def verified(convolutions: Sequence[Convolution], engine_layers: Iterable[Mapping[str, Any]]) -> float | None:
    """Share of the MACs that the built engine computes from float16 inputs; None without convolutions.

    A convolution that no layer of the engine names counts as not in half precision.

    Args:
        convolutions: of the network that the engine was built from.
        engine_layers: "Layers" of the engine inspector's JSON at DETAILED verbosity, shapes given.
    """
    in_half: dict[str, bool] = {}
    for layer in engine_layers:
        if layer.get("LayerType") in _MOVERS:
            continue
        half = _reads_half(layer)
        for name in _sources(layer):
            in_half[name] = in_half.get(name, True) and half
    return _share(convolutions, {name for name, half in in_half.items() if half})


def _share(convolutions: Sequence[Convolution], in_half: set[str]) -> float | None:
    total = sum(c.macs for c in convolutions)
    return sum(c.macs for c in convolutions if c.name in in_half) / total if total else None


def _reads_half(layer: Mapping[str, Any]) -> bool:
    """Whether the first input of an engine's layer, the one that is convolved, is float16."""
    inputs = layer.get("Inputs") or [{}]
    return any(_HALF.search(str(inputs[0].get(key, ""))) for key in _TYPE_KEYS)


def _sources(layer: Mapping[str, Any]) -> set[str]:
    """Names of the network's layers that one layer of an engine does, fused or not.

    They stand in the metadata as "[ONNX Layer: a]", apart by a control character, and in the engine layer's
    own name as "a + b", there with the number of the profile.
    """
    named = re.findall(r"\[ONNX Layer: ([^\]]+)\]", str(layer.get("Metadata", "")))
    own = re.sub(r"\s*\[profile \d+\]", "", str(layer.get("Name", "")))
    return {*named, *own.split(" + ")}
