"""Half precision against FP32 in ONNX Runtime: each graph in the unit that its results are used in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from numpy.lib.stride_tricks import sliding_window_view

from export.frames import CheckFrame, Feed
from export.parity import ParityError
from thermalsdk import Synthesizer, compositing
from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.tolerances import FP16, FP16_CHANGED_CLASSES, FP16_TEMPERATURE_KELVIN, Deviation, Tolerance

PRECISION = "fp16"
#: What the comparison is, in the words of the manifest.
MEASURES = (
    "ONNX Runtime on a CPU, which computes half operators in float32: what rounding weights and activations "
    "to half costs, not the arithmetic of a GPU"
)
#: Features are judged by the contrast that the layers make of them, logits by the class map.
_LIMITS = {"contrast": FP16, "temperature": FP16_TEMPERATURE_KELVIN}
#: Pixels of a frame along a cell of the condition.
_CELL = 4
_IN_OWN_UNIT = ("contrast", "temperature")


def compare_graph(
    bundle: Bundle, spec: GraphSpec, twin: Path, feeds: Sequence[Feed], half_feeds: Sequence[Feed]
) -> dict[str, Any]:
    """Run a graph and its twin on the same frames.

    Args:
        bundle: that holds the graph.
        spec: of the graph.
        twin: its half-precision twin.
        feeds: what the graph is given of each frame.
        half_feeds: what the twin is given: for a layer, the features of the encoder's twin.

    Returns for the manifest the deviation of each output: of contrast as it is, over all that the frames show
    of it (everything if they show none); else on the worst frame, of temperature in kelvin, of features and
    logits as a share of their largest magnitude.

    Raises:
        ParityError: a deviation is larger than `thermalsdk.tolerances` allows.
    """
    names = [tensor.name for tensor in spec.outputs]
    found: dict[str, list[Deviation]] = {name: [] for name in names}
    changed = []
    shown = [_shown(feed) if "contrast" in names else None for feed in feeds]
    nowhere = not any(pixels is not None and pixels.any() for pixels in shown)
    contrasts: list[npt.NDArray[np.float32]] = []
    pairs = _pairs(names, bundle.path / spec.file, twin, feeds, half_feeds)
    for pixels, (expected, got) in zip(shown, pairs, strict=True):
        for name, e, g in zip(names, expected, got, strict=True):
            unit = 1.0 if name in _IN_OWN_UNIT else max(1e-6, float(np.abs(e).max()))
            difference = (g - e) / unit
            if pixels is None:
                found[name].append(Deviation.of(difference))
            else:  # an object may be a few pixels large: only all frames together have a 99.9th percentile
                contrasts.append(difference.ravel() if nowhere else difference[0, 0][pixels])
            if name == "logits":
                maps = [compositing.labels_from_logits(values[0]) for values in (e, g)]
                changed.append(float(np.mean(maps[0] != maps[1])))
    if contrasts:
        found["contrast"].append(Deviation.of(np.concatenate(contrasts)))
    worst = {name: Deviation.worst(deviations) for name, deviations in found.items()}
    for name, deviation in worst.items():
        _refuse(f"{twin.name}: {name}", deviation, _LIMITS.get(name))
    if changed and max(changed) > FP16_CHANGED_CLASSES:
        raise _too_far(f"{twin.name}: {max(changed):.1%} of a frame's pixels change their class")
    record = {name: asdict(deviation) for name, deviation in worst.items()}
    return record | ({"changed_classes": max(changed)} if changed else {})


def _shown(feed: Feed) -> npt.NDArray[np.bool_]:
    """Pixels [H,W] of a layer's contrast that a frame shows: its class's cells and, for the feather, more."""
    cells = np.pad(feed["condition"][0, 0] > 0, 1)
    return sliding_window_view(cells, (3, 3)).any((2, 3)).repeat(_CELL, 0).repeat(_CELL, 1)


def compare_frames(bundle: Bundle, frames: Sequence[CheckFrame]) -> dict[str, Any]:
    """What all twins together make of the frames, against FP32: through the SDK, in kelvin.

    Raises:
        ParityError: the difference in units of `contrast_kelvin` is larger than `FP16`.
    """
    kelvin = []
    for precision in ("fp32", PRECISION):
        with Synthesizer.load(bundle.path, device="cpu", precision=precision, warmup=False) as synth:
            kelvin.append(
                [synth(f.rgb, labels=f.labels, thermal_labels=f.thermal_labels).kelvin for f in frames]
            )
    differences = [half - full for full, half in zip(*kelvin, strict=True)]
    contrast = bundle.manifest.contrast_kelvin
    in_contrast = Deviation.worst([Deviation.of(d / contrast) for d in differences])
    _refuse("a frame of the half-precision twins", in_contrast, FP16)
    return asdict(Deviation.worst([Deviation.of(d) for d in differences]))


def _pairs(
    names: list[str], model: Path, twin: Path, feeds: Sequence[Feed], half_feeds: Sequence[Feed]
) -> Iterator[tuple[Any, Any]]:
    """Outputs of both for each frame."""
    sessions = [ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in (model, twin)]
    for feed, half_feed in zip(feeds, half_feeds, strict=True):
        yield sessions[0].run(names, feed), sessions[1].run(names, half_feed)


def _refuse(what: str, deviation: Deviation, limit: Tolerance | None) -> None:
    if limit is not None and not limit.allows(deviation):
        raise _too_far(
            f"{what} differs from FP32 by up to {deviation.mean:.1e} on average and {deviation.p999:.1e} at "
            f"the 99.9th percentile, more than {limit.mean:g} and {limit.p999:g}"
        )


def _too_far(message: str) -> ParityError:
    return ParityError(message, "Leave --fp16 out; the bundle runs in FP32 everywhere.")
