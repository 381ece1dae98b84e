"""Every method but `edge` as ONNX graphs of one fixed size, checked against PyTorch, beside method.json.

These are no bundles: their networks see the whole frame at once and have no regions to run on. They are for
comparing, for a server, or for ONNX Runtime by hand; method.json says what each graph takes and gives.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn
from tqdm import tqdm

from export.parity import ParityError
from export.run import RunError
from export.staging import staged
from export.trace import trace
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.tolerances import FP32_ORT
from train.checkpoint import WEIGHTS, load_module, write_json
from train.comparison.training import Budget, build
from train.composition import OFFSET_KELVIN, SCALE_KELVIN
from train.methods import METHODS, FrameInputs, Method
from train.methods.inputs import CONTRAST_KELVIN
from train.networks.paper import PaperGenerator
from train.record import CONFIG

RECORD = "method.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FixedGraph:
    """A graph of one size.

    Args:
        file: name of the ONNX file.
        module: what is traced.
        inputs: an example of each input by name.
        output: name of its one output.
        unit: of the output, in kelvin.
    """

    file: str
    module: nn.Module
    inputs: dict[str, Tensor]
    output: str
    unit: float


class WholeFrame(nn.Module):
    """A method as one graph: colours, class map and R -> kelvin, everything in between included."""

    def __init__(self, method: Method, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self._method = method

    def forward(self, rgb: Tensor, labels: Tensor, thermal_labels: Tensor) -> Tensor:
        """Rgb [1,3,S,S] in [0,1], labels int64 [1,S,S], R [1,S,S] in kelvin -> kelvin [1,S,S].

        Objects are not asked for: no method but `edge` restores their means.
        """
        inputs = FrameInputs(rgb, labels, torch.zeros_like(labels), 1, thermal_labels)
        return self._method.kelvin(self.generator, inputs)


class ClassLayer(nn.Module):
    """One class of the paper's generator: colours and what the layer is told -> relative contrast."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, rgb: Tensor, condition: Tensor) -> Tensor:
        """Rgb [1,3,S,S] in [0,1], condition [1,2,S,S] (outlined map, R_k normalised) -> [1,1,S,S]."""
        return self.layer(torch.cat((2 * rgb - 1, condition), 1))


def is_method_run(directory: Path) -> bool:
    """Whether a directory holds a run of `python -m train compare` or of another preset than `edge`."""
    return (directory / WEIGHTS).exists() and (directory / CONFIG).exists()


def export_method(directory: Path, out: Path) -> Path:
    """Write a trained method's graphs into the folder `out`, complete or not at all.

    Raises:
        RunError: `directory` holds no run of a method that can be exported here.
        ParityError: a graph does not compute what its network computes.
        OutputError: `out` holds something else.
    """
    config = json.loads((directory / CONFIG).read_text())
    name = config.pop("method", None)
    if name not in METHODS or name == "edge":
        raise RunError(
            f"{directory} is a run of {name!r}, which has no graphs of its own",
            "Export the whole run of preset edge: the folder that holds segmenter, labeller and edge.",
        )
    known = {field.name for field in fields(Budget)}
    budget = Budget(**{key: value for key, value in config.items() if key in known})
    method = build(name, budget)
    generator = load_module(directory, "generator_ema", method.generator)
    graphs = graphs_of_method(method, generator, budget.size)
    training = asdict(budget) | {"data": config.get("data", [])}
    with staged(out, RECORD) as stage:
        parity = {}
        for graph in tqdm(graphs, desc="export"):
            parity[graph.file] = _write(graph, stage)
            logger.info("%s: %.1e from PyTorch", graph.file, parity[graph.file])
        write_json(stage / RECORD, _record(name, training, graphs, parity))
    return out


def graphs_of_method(method: Method, generator: nn.Module, size: int) -> list[FixedGraph]:
    """One graph per class for the paper's layers, one for the whole frame otherwise."""
    rng = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 3, size, size, generator=rng)
    if isinstance(generator, PaperGenerator):
        told = torch.rand(1, 2, size, size, generator=rng)
        inputs = {"rgb": rgb, "condition": told}
        return [
            FixedGraph(f"layer_{name}.onnx", ClassLayer(layer), inputs, "contrast", CONTRAST_KELVIN)
            for name, layer in generator.layers.items()
        ]
    labels = torch.randint(len(STREET_CLASSES), (1, size, size), generator=rng)
    kelvin = OFFSET_KELVIN + SCALE_KELVIN * (torch.rand(1, size, size, generator=rng) - 0.5)
    inputs = {"rgb": rgb, "labels": labels, "thermal_labels": kelvin}
    return [FixedGraph("frame.onnx", WholeFrame(method, generator).eval(), inputs, "kelvin", 1.0)]


def _write(graph: FixedGraph, directory: Path) -> float:
    """Trace, save, and compare with PyTorch; returns the largest difference in kelvin."""
    examples = tuple(graph.inputs.values())
    path = directory / graph.file
    model = trace(graph.module, examples, list(graph.inputs), [graph.output])
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path), full_check=True)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (got,) = session.run([graph.output], {name: value.numpy() for name, value in graph.inputs.items()})
    with torch.inference_mode():
        expected = graph.module(*examples).numpy()
    difference = np.abs(got - expected) * (graph.unit / CONTRAST_KELVIN)
    if not FP32_ORT.accepts(difference):
        raise ParityError(
            f"{graph.file} differs from PyTorch by {difference.max() * CONTRAST_KELVIN:.2e} K",
            "Report it with the versions of torch, onnx and onnxruntime.",
        )
    return float(difference.max() * CONTRAST_KELVIN)


def _record(
    name: str, training: dict[str, Any], graphs: list[FixedGraph], parity: dict[str, float]
) -> dict[str, Any]:
    return {
        "method": name,
        "classes": list(STREET_CLASSES),
        "size": training["size"],
        "contrast_kelvin": CONTRAST_KELVIN,
        "thermal_normalization": {"offset_kelvin": OFFSET_KELVIN, "scale_kelvin": SCALE_KELVIN},
        # The paper feeds R to the encoder: a temperature that is set may change pixels of other classes.
        "temperatures_are_local": False,
        "training": training,
        "graphs": {
            graph.file: {
                "inputs": {name: _tensor(value) for name, value in graph.inputs.items()},
                "output": graph.output,
                "max_difference_kelvin": parity[graph.file],
            }
            for graph in graphs
        },
    }


def _tensor(value: Tensor) -> dict[str, Any]:
    return {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
