"""PyTorch modules traced to ONNX files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from thermalsdk.errors import ThermalSDKError

OPSET = 18


class ExportError(ThermalSDKError):
    """PyTorch could not export a graph."""


def trace(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic_shapes: Any = None,
) -> None:
    """Write one checked file of standard operators.

    Args:
        examples: one tensor per input.
        inputs, outputs: names of the graph's tensors.
        dynamic_shapes: of each input as `torch.onnx.export` takes them; None: the shapes of the examples.

    Raises:
        ExportError: nothing was traced.
    """
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated internals, and of torchvision, which nothing here needs.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            module,
            examples,
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=dynamic_shapes,
            verbose=False,
        )
    if program is None:
        raise ExportError(f"PyTorch exported nothing for {path.name}", "Use torch 2.13.")
    program.save(str(path), external_data=False)
    onnx.checker.check_model(str(path), full_check=True)
