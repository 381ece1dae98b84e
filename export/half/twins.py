"""Write the half-precision twin of every graph: from its module, audited, compared with FP32."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from tqdm import tqdm

from export.frames import CheckFrame, Feed, at_extremes, check_frames, feeds
from export.graphs import BundleGraphs, Graph, write_onnx
from export.half.audit import Audit, audit, modules_behind
from export.half.module import in_half
from export.parity import ParityError
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, TensorSpec, twin_name, write_manifest
from thermalsdk.errors import ThermalSDKError
from thermalsdk.tolerances import FP16, Deviation

logger = logging.getLogger(__name__)

PRECISION = "fp16"
#: What the comparison is, in the words of the manifest.
MEASURES = (
    "ONNX Runtime on a CPU, which computes half operators in float32: what rounding weights and activations "
    "to half costs, not the arithmetic of a GPU"
)


class HalfPrecisionError(ThermalSDKError):
    """A graph has numbers that half does not hold, whatever part of it stays float32."""


def add_half_twins(bundle: Bundle, graphs: BundleGraphs, data: Path | None) -> Manifest:
    """Write `<name>.fp16.onnx` for every graph of a bundle, and say in the manifest what they were measured at.

    A part whose numbers half does not hold stays float32; the audit finds it.

    Args:
        bundle: with its FP32 graphs; the twins go beside them.
        graphs: the modules that it was exported from.
        data: folder of prepared sets to audit and compare on, besides procedural scenes.

    Returns the manifest with the parity of the twins.

    Raises:
        ParityError: a twin, or the frames made with all of them, differ from FP32 by more than `FP16` allows.
        HalfPrecisionError: no choice of float32 parts helps.
        DatasetError: `data` holds no prepared set.
    """
    frames = check_frames(bundle, data)
    seen = [feeds(bundle, frame) for frame in frames]
    extreme = [feeds(bundle, frame) for frame in at_extremes(frames[0])]
    parity: dict[str, Any] = {}
    for graph in tqdm(graphs.all(), desc="half"):
        spec = graph.spec()
        own = [feed[graph.file] for feed in seen]
        twin, record = _write_twin(graph, bundle.path, own, [feed[graph.file] for feed in extreme])
        deviation = _compare(bundle, spec, twin, own)
        logger.info("%s: %.1e from FP32 on average", twin.name, deviation.mean)
        parity[twin.name] = {
            "against": spec.file,
            "measures": MEASURES,
            "frames": len(frames),
            **asdict(deviation),
            "audit": record,
        }
    manifest = write_manifest(bundle.path, replace(bundle.manifest, parity=bundle.manifest.parity | parity))
    kelvin = _compare_frames(Bundle(bundle.path, manifest), frames)
    return replace(manifest, parity=manifest.parity | {PRECISION: kelvin})


def _write_twin(
    graph: Graph, directory: Path, seen: Sequence[Feed], extreme: Sequence[Feed]
) -> tuple[Path, dict[str, Any]]:
    """Write a twin whose half tensors all fit half. Returns its path and the record of its audit."""
    weights = {name: value.detach().numpy() for name, value in graph.module.named_parameters()}
    file = twin_name(graph.spec(), PRECISION)
    islands: dict[str, dict[str, float]] = {}
    while True:
        path = write_onnx(replace(graph, file=file, module=in_half(graph.module, islands)), directory)
        found = audit(path, weights, [*seen, *extreme])
        misfits = found.misfits()
        if not misfits:
            frames = len(seen) + len(extreme)
            return path, {"frames": frames, **found.as_record(), "float32_parts": islands}
        fresh = _new_islands(path, found)
        if not fresh.keys() - islands.keys():
            raise HalfPrecisionError(
                f"{graph.file} has numbers that half does not hold: {', '.join(sorted(misfits))}",
                "Leave --fp16 out, and train with less extreme weights.",
            )
        for name, magnitudes in fresh.items():
            logger.warning("%s: %s stays float32: %s", path.name, name, magnitudes)
        islands |= fresh


def _new_islands(path: Path, found: Audit) -> dict[str, dict[str, float]]:
    """The parts that misfits come from, with the magnitudes of one misfit of each."""
    known = found.activations | found.weights
    return {
        module: asdict(known[tensor])
        for tensor in sorted(found.misfits())
        for module in modules_behind(path, [tensor])
    }


def _compare(bundle: Bundle, spec: GraphSpec, twin: Path, seen: Sequence[Feed]) -> Deviation:
    """Deviation of a twin's outputs from its graph's, in units of what each output spans."""
    sessions = [
        ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        for path in (bundle.path / spec.file, twin)
    ]
    names = [tensor.name for tensor in spec.outputs]
    deviations = []
    for feed in seen:
        expected, got = (session.run(names, feed) for session in sessions)
        for tensor, e, g in zip(spec.outputs, expected, got, strict=True):
            deviations.append(Deviation.of((g - e) / _span(tensor, e, bundle.manifest)))
    return _accepted(twin.name, deviations)


def _span(tensor: TensorSpec, values: Any, manifest: Manifest) -> float:
    """1 for contrast; the scale of its coding for a temperature; the largest magnitude for features."""
    if tensor.unit == "K":
        return manifest.thermal_normalization.scale_kelvin
    return 1.0 if tensor.range is not None else max(1e-6, float(np.abs(values).max()))


def _compare_frames(bundle: Bundle, frames: Sequence[CheckFrame]) -> dict[str, Any]:
    """What all twins together make of the frames, against FP32: through the SDK, in kelvin."""
    kelvin = []
    for precision in ("fp32", PRECISION):
        with Synthesizer.load(bundle.path, device="cpu", precision=precision, warmup=False) as synth:
            kelvin.append(
                [synth(f.rgb, labels=f.labels, thermal_labels=f.thermal_labels).kelvin for f in frames]
            )
    differences = [half - full for full, half in zip(*kelvin, strict=True)]
    contrast = bundle.manifest.contrast_kelvin
    _accepted("a frame of the half-precision twins", [Deviation.of(d / contrast) for d in differences])
    worst = Deviation.worst([Deviation.of(d) for d in differences])
    return {"against": "fp32", "measures": MEASURES, "frames": len(frames), "kelvin": asdict(worst)}


def _accepted(what: str, deviations: Sequence[Deviation]) -> Deviation:
    """The worst of them. Raises ParityError when it is too large."""
    deviation = Deviation.worst(deviations)
    if not FP16.allows(deviation):
        raise ParityError(
            f"{what} differs from FP32 by up to {deviation.mean:.1e} on average and {deviation.p999:.1e} at "
            f"the 99.9th percentile, more than {FP16.mean:g} and {FP16.p999:g}",
            "Leave --fp16 out; the bundle runs in FP32 everywhere.",
        )
    return deviation
