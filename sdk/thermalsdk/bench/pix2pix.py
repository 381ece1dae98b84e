"""The generator that the field compares itself with: pix2pix's U-Net-256 (Isola et al. 2017, appendix 6.1.1).

Built as a graph with random weights: enough for its speed, which is all that a bench wants of it.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from thermalsdk.errors import MissingDependency

PIX2PIX = "pix2pix"
OPSET = 18
# Channels after each of the eight stride-2 convolutions down; up goes the same way back.
_DOWN = (64, 128, 256, 512, 512, 512, 512, 512)


def pix2pix_model() -> bytes:
    """Serialised ONNX model: rgb [1,3,H,W] (H and W multiples of 256) -> thermal [1,1,H,W].

    Instance statistics are not computed: batch normalisation is folded into the convolutions, as it is at
    test time. Raises MissingDependency without the package onnx.
    """
    try:
        onnx = importlib.import_module("onnx")
    except ImportError as error:
        raise MissingDependency(
            f"building the pix2pix graph needs onnx, which cannot be imported: {error}", "pip install onnx"
        ) from error
    graph = _UNet(onnx)
    graph.build()
    model = graph.model()
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


class _UNet:
    """Nodes and weights in the making."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._rng = np.random.default_rng(0)
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def build(self) -> None:
        """Eight convolutions down, eight up, a skip between equals."""
        source, channels, skips = "rgb", 3, []
        for level, width in enumerate(_DOWN):
            if level > 0:
                source = self._node("LeakyRelu", [source], f"down{level}_act", alpha=0.2)
            source = self._convolve("Conv", source, f"down{level}", (width, channels, 4, 4), width)
            skips.append((source, width))
            channels = width
        for level in reversed(range(len(_DOWN))):
            width = _DOWN[level - 1] if level > 0 else 1
            source = self._node("Relu", [source], f"up{level}_act")
            source = self._convolve("ConvTranspose", source, f"up{level}", (channels, width, 4, 4), width)
            channels = width
            if level > 0:
                skip, skip_width = skips[level - 1]
                source = self._node("Concat", [skip, source], f"up{level}_skip", axis=1)
                channels += skip_width
        self._node("Tanh", [source], "thermal")

    def model(self) -> Any:
        """The whole model."""
        helper, tensor = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            PIX2PIX,
            [helper.make_tensor_value_info("rgb", tensor, [1, 3, "H", "W"])],
            [helper.make_tensor_value_info("thermal", tensor, [1, 1, "H", "W"])],
            self._weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)

    def parameters(self) -> int:
        """Number of weights."""
        return sum(int(np.prod(weight.dims)) for weight in self._weights)

    def _convolve(self, kind: str, source: str, name: str, shape: tuple[int, ...], outputs: int) -> str:
        weight = self._rng.normal(0, 0.02, shape).astype(np.float32)
        self._weights.append(self._onnx.numpy_helper.from_array(weight, f"{name}_weight"))
        self._weights.append(
            self._onnx.numpy_helper.from_array(np.zeros(outputs, np.float32), f"{name}_bias")
        )
        inputs = [source, f"{name}_weight", f"{name}_bias"]
        return self._node(kind, inputs, name, kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output
