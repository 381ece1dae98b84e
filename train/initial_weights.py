"""A bundle's weights, for training that starts from them (`--init`) and for exporting them again.

The exporter names a graph's constants after the module's parameters, so an FP32 graph holds the whole module.
"""

from __future__ import annotations

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.errors import BundleError
from train.composition import OFFSET_KELVIN, SCALE_KELVIN


def require_same_normalization(bundle: Bundle) -> None:
    """Raise BundleError where a bundle codes temperatures otherwise: its weights would mean other kelvin."""
    coding = bundle.manifest.thermal_normalization
    if (coding.offset_kelvin, coding.scale_kelvin) != (OFFSET_KELVIN, SCALE_KELVIN):
        raise BundleError(
            f"{bundle.path} has temperatures around {coding.offset_kelvin:g} K in units of "
            f"{coding.scale_kelvin:g} K, this version around {OFFSET_KELVIN:g} K in {SCALE_KELVIN:g} K",
            "Name a bundle that this version exported (--init).",
        )


def load_graph_weights(bundle: Bundle, spec: GraphSpec | None, module: nn.Module) -> None:
    """Copy a graph's weights into the module that it was exported from.

    Raises:
        BundleError: the bundle has no such graph, or it was made by a module of another shape.
    """
    if spec is None:
        raise BundleError(
            f"{bundle.path} lacks a graph whose weights are needed",
            "Name a bundle made by `python -m export`.",
        )
    graph = onnx.load_from_string(bundle.model(spec)).graph
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    state = module.state_dict()
    strangers = [k for k, v in state.items() if k not in constants or constants[k].shape != tuple(v.shape)]
    if strangers:
        raise BundleError(
            f"{bundle.path / spec.file} does not hold {strangers[0]} as this version of the network needs it",
            "Name a bundle that this version exported (--init, --checkpoint).",
        )
    module.load_state_dict({name: torch.from_numpy(constants[name].copy()) for name in state})
