"""Write `pipeline.onnx`: the whole synthesis in one graph of standard operators."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import ModelProto, TensorProto, helper
from torch import nn
from torch.export import Dim

from export.frames import CheckFrame, check_frames
from export.graphs import TRACE_HEIGHT, TRACE_WIDTH, BundleGraphs
from export.join import Part, join
from export.parity import ParityError
from export.pipeline.composition import INSTANCES, Composition, Preparation
from export.pipeline.reduction import EnlargedComposition, ReducedPreparation
from export.trace import trace
from thermalsdk import Synthesizer, compositing
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, TensorSpec, twin_name
from thermalsdk.compositing.reference import CELL
from thermalsdk.reduction import reduction
from thermalsdk.tolerances import FP16, PIPELINE_KELVIN, Deviation

logger = logging.getLogger(__name__)

FILE = "pipeline.onnx"
#: A pipeline of any size shows its networks all pixels, at a resolution above any frame's.
_SHOWN_WHOLE = 1 << 20
_TYPES = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32, "float32": TensorProto.FLOAT}


def add_pipeline(
    bundle: Bundle, graphs: BundleGraphs, size: tuple[int, int] | None, data: Path | None
) -> Manifest:
    """Write the pipeline of a bundle, and its half-precision twin where the bundle has twins.

    Args:
        bundle: with its graphs, which are joined; the pipeline goes beside them.
        graphs: the modules behind them, not needed here.
        size: (height, width) that it takes, multiples of the bundle's alignment; None for any such. Of one
            size it shows large frames reduced to the networks, as the SDK does; of any, it shows all pixels.
        data: folder of prepared sets to compare on, besides procedural scenes.

    Returns the manifest with the pipeline's inputs, outputs and parity.

    Raises:
        ParityError: its frames are not those of the SDK.
        DatasetError: `data` holds no prepared set.
    """
    spec = pipeline_spec(bundle.manifest, size)
    frames = [_fitted(frame, size) for frame in check_frames(bundle, data)]
    ends = _ends(bundle.manifest, size)
    parity = {}
    for precision in ("fp32", "fp16") if bundle.offers("fp16") else ("fp32",):
        path = bundle.path / twin_name(spec, precision)
        path.write_bytes(_joined(bundle, spec, precision, ends).SerializeToString())
        worst = _compare(bundle, path, frames, _SHOWN_WHOLE if size is None else None)
        _refuse_difference(path.name, worst, precision, bundle.manifest.contrast_kelvin)
        logger.info("%s: %.1e K from the SDK on average", path.name, worst.mean)
        parity[path.name] = {"against": "the SDK at fp32", "frames": len(frames), "kelvin": asdict(worst)}
    manifest = bundle.manifest
    return replace(manifest, graphs=replace(manifest.graphs, pipeline=spec), parity=manifest.parity | parity)


def pipeline_spec(manifest: Manifest, size: tuple[int, int] | None) -> GraphSpec:
    """What the pipeline takes and gives, as the manifest states it."""
    height, width = size or ("H", "W")
    plane = (1, height, width)
    classes = len(manifest.classes)
    return GraphSpec(
        FILE,
        (
            TensorSpec("rgb", "uint8", (*plane, 3), (0, 255), "1"),
            TensorSpec("labels", "uint8", plane, (0, classes - 1), "1"),
            TensorSpec("instances", "int32", plane, (0, INSTANCES - 1), "1"),
            TensorSpec("thermal_labels", "float32", plane, None, "K"),
        ),
        (TensorSpec("kelvin", "float32", plane, None, "K"),),
    )


def _ends(manifest: Manifest, size: tuple[int, int] | None) -> tuple[ModelProto, ModelProto]:
    """What goes before encoder and layers, and what goes after them."""
    coding, classes = manifest.thermal_normalization, manifest.classes
    before = Preparation(len(classes), coding.offset_kelvin, coding.scale_kelvin)
    after = Composition(manifest.contrast_kelvin, manifest.feather_pixels, coding.offset_kelvin)
    factor = 1 if size is None else reduction(size, manifest.known_side_pixels)
    if factor == 1:
        return _traced(classes, before, after, None)
    reduced = ReducedPreparation(before, factor, manifest.alignment)
    return _traced(classes, reduced, EnlargedComposition(after, factor), size)


def _traced(
    classes: Sequence[str], before: nn.Module, after: nn.Module, size: tuple[int, int] | None
) -> tuple[ModelProto, ModelProto]:
    """Both modules for frames of (height, width), or of any size."""
    height, width = size or (TRACE_HEIGHT, TRACE_WIDTH)
    rgb = torch.zeros(1, height, width, 3, dtype=torch.uint8)
    labels = torch.zeros(1, height, width, dtype=torch.uint8)
    told = torch.zeros(1, height, width)
    condition = before(rgb, labels, told)[1]
    # Each a tensor of its own: PyTorch makes one input of one that is given twice.
    contrasts = tuple(torch.zeros(1, 1, *(CELL * side for side in condition.shape[2:])) for _ in classes)
    sides = {1: 8 * Dim("h"), 2: 8 * Dim("w")}
    of_contrast = {2: sides[1], 3: sides[2]}
    return (
        trace(
            before.eval(),
            (rgb, labels, told),
            ["rgb", "labels", "thermal_labels"],
            ["planes", *(f"condition/{name}" for name in classes)],
            (sides, sides, sides) if size is None else None,
        ),
        trace(
            after.eval(),
            (labels, labels.int(), told, contrasts),
            ["labels", "instances", "thermal_labels", *(f"contrast/{name}" for name in classes)],
            ["kelvin"],
            (sides, sides, sides, tuple(of_contrast for _ in classes)) if size is None else None,
        ),
    )


def _joined(
    bundle: Bundle, spec: GraphSpec, precision: str, ends: tuple[ModelProto, ModelProto]
) -> ModelProto:
    graphs = bundle.manifest.graphs

    def graph(of: GraphSpec) -> ModelProto:
        return onnx.load_from_string(bundle.model(of, precision))

    layers = [
        Part(f"layer_{n}", graph(g), {"condition": f"condition/{n}", "contrast": f"contrast/{n}"})
        for n, g in graphs.layers.items()
    ]
    encoder = Part("encoder", graph(graphs.encoder), {"rgb": "planes"})
    parts = [Part("preparation", ends[0]), encoder, *layers, Part("composition", ends[1])]
    values = [
        [helper.make_tensor_value_info(t.name, _TYPES[t.dtype], t.shape) for t in tensors]
        for tensors in (spec.inputs, spec.outputs)
    ]
    return join("pipeline", parts, *values)


def _compare(
    bundle: Bundle, path: Path, frames: Sequence[CheckFrame], processing_resolution: int | None
) -> Deviation:
    """Worst difference over the frames between a pipeline and the SDK at FP32, in kelvin."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    deviations = []
    with Synthesizer.load(
        bundle.path,
        device="cpu",
        precision="fp32",
        processing_resolution=processing_resolution,
        warmup=False,
    ) as synth:
        for frame in frames:
            expected = synth(frame.rgb, labels=frame.labels, thermal_labels=frame.thermal_labels).kelvin
            objects, _ = compositing.connected_components(frame.labels)
            feed = {
                "rgb": frame.rgb[np.newaxis],
                "labels": frame.labels[np.newaxis],
                "instances": objects[np.newaxis],
                "thermal_labels": frame.thermal_labels[np.newaxis],
            }
            (kelvin,) = session.run(["kelvin"], feed)
            deviations.append(Deviation.of(kelvin[0] - expected))
    return Deviation.worst(deviations)


def _refuse_difference(name: str, worst: Deviation, precision: str, contrast_kelvin: float) -> None:
    """Half precision is limited as everywhere, in units of contrast."""
    limit, unit = (PIPELINE_KELVIN, 1.0) if precision == "fp32" else (FP16, contrast_kelvin)
    if not limit.allows(Deviation(worst.mean / unit, worst.p999 / unit, worst.maximum / unit)):
        raise ParityError(
            f"{name} differs from the SDK by up to {worst.mean:.1e} K on average, {worst.p999:.1e} K at the "
            "99.9th percentile",
            "Leave --pipeline out, and report it with the versions of torch, onnx and onnxruntime.",
        )


def _fitted(frame: CheckFrame, size: tuple[int, int] | None) -> CheckFrame:
    """The frame as it is, or repeated and cut to a size."""
    if size is None:
        return frame
    rows, columns = (np.arange(n) % m for n, m in zip(size, frame.labels.shape, strict=True))
    inside = np.ix_(rows, columns)
    return CheckFrame(frame.rgb[inside], frame.labels[inside], frame.thermal_labels[inside])
