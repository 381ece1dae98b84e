"""PyTorch modules as ONNX models."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import torch
from torch import nn

from thermalsdk.errors import ThermalSDKError

OPSET = 18


class ExportError(ThermalSDKError):
    """PyTorch could not export a graph."""


def trace(
    module: nn.Module,
    examples: tuple[Any, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic_shapes: tuple[Any, ...] | None = None,
) -> onnx.ModelProto:
    """The ONNX model of a module, with the named inputs and outputs.

    Args:
        module: in evaluation mode.
        examples: values of its inputs, tensors or tuples of them.
        inputs, outputs: their names.
        dynamic_shapes: of each input the axes that vary, as `torch.export` takes them; None: no axis varies.

    Raises:
        ExportError: PyTorch exported nothing.
    """
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated internals.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            module,
            examples,
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=dynamic_shapes,
            verbose=False,
        )
    if program is None:
        raise ExportError(f"PyTorch exported nothing for {type(module).__name__}", "Use torch 2.13.")
    return program.model_proto
