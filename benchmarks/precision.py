"""FP32, FP16 and INT8 of one bundle: size, time on a CPU, error in kelvin, distance to real thermal frames.

Errors are against FP32. "given": class map and R of the FP32 run are passed in, so that layers alone differ;
"colours only": segmenter and labeller differ too. ONNX Runtime's CPU computes half operators in float32, with
casts around them: FP16 shows rounding there, not speed. The Fréchet distance (EfficientNet-Lite0,
extrapolated to endlessly many frames) needs a set with thermal frames.

python benchmarks/precision.py [--bundle bundles/street] [--data runs/data/msrs] [--frames 59] [--quick]
                               [--json FILE] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from common.frames import load_cases
from common.report import leave

from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, twin_name
from thermalsdk.frame import Frame
from thermalsdk.tolerances import Deviation

PRECISIONS = ("fp32", "fp16", "int8")
SIZE = (480, 640)
#: Fewer frames than this have no line to extrapolate.
MIN_DISTANCE_FRAMES = 8


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="street", help="`python -m export --fp16` makes one with FP16")
    parser.add_argument(
        "--data", type=Path, help="a prepared dataset: its val frames; default: procedural scenes"
    )
    parser.add_argument("--frames", type=int, default=59)
    parser.add_argument("--quick", action="store_true", help="few frames")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the same as a table")
    args = parser.parse_args()
    bundle = Bundle.open(args.bundle)
    count = 3 if args.quick else args.frames
    pictures = [rgb for rgb, _ in load_cases(args.data, count, SIZE)]
    offered = [p for p in PRECISIONS if p == "fp32" or bundle.offers(p)]
    frames = run(args.bundle, offered, pictures)
    report = {
        "frames": len(pictures),
        "size": list(SIZE),
        "precisions": {p: row(bundle, p, *frames[p], *frames["fp32"]) for p in offered},
        "not_in_the_bundle": [p for p in PRECISIONS if p not in offered],
        "fd_infinity": distances(args.data, count, {p: found[1] for p, found in frames.items()}),
    }
    leave(report, args.json)
    if args.markdown is not None:
        args.markdown.write_text(table(report))


def run(
    bundle: str, precisions: Sequence[str], pictures: Sequence[np.ndarray]
) -> dict[str, tuple[list[Frame], list[Frame]]]:
    """By precision, frames with everything given and frames of colours only.

    All precisions take turns at each picture, so that whatever else the machine does slows all of them. No
    synthesizer sees a class map twice in a row: it would not analyse it again.
    """
    with Synthesizer.load(bundle, device="cpu", precision="fp32") as telling:
        told = [telling(rgb) for rgb in pictures]
    frames: dict[str, tuple[list[Frame], list[Frame]]] = {precision: ([], []) for precision in precisions}
    with ExitStack() as stack:
        synths = {
            p: stack.enter_context(Synthesizer.load(bundle, device="cpu", precision=p)) for p in precisions
        }
        for synth in synths.values():
            synth.warmup(size=SIZE)
        for rgb, maps in zip(pictures, told, strict=True):
            for precision, synth in synths.items():
                given, _ = frames[precision]
                given.append(synth(rgb, labels=maps.labels, thermal_labels=maps.thermal_labels))
        for rgb in pictures:
            for precision, synth in synths.items():
                _, alone = frames[precision]
                alone.append(synth(rgb))
    return frames


def row(
    bundle: Bundle,
    precision: str,
    given: list[Frame],
    alone: list[Frame],
    given_fp32: list[Frame],
    alone_fp32: list[Frame],
) -> dict[str, Any]:
    """Size in bytes of what is run, median milliseconds, and kelvin off from FP32."""
    files = bundle.manifest.files
    used = [
        name if (name := twin_name(spec, precision)) in files else spec.file
        for spec in bundle.manifest.graphs.all()
    ]
    return {
        "bytes": sum(files[name].bytes for name in used),
        "given": {"ms": milliseconds(given), "kelvin": deviation(given, given_fp32)},
        "colours only": {
            "ms": milliseconds(alone),
            "kelvin": deviation(alone, alone_fp32),
            "changed_classes": float(
                np.mean([np.mean(a.labels != b.labels) for a, b in zip(alone, alone_fp32, strict=True)])
            ),
        },
    }


def milliseconds(frames: Sequence[Frame]) -> float:
    """Median of whole frames."""
    return round(statistics.median(frame.timing.total for frame in frames), 1)


def deviation(frames: Sequence[Frame], fp32: Sequence[Frame]) -> dict[str, float]:
    """Mean, 99.9th percentile and largest absolute difference over all pixels, kelvin."""
    return asdict(Deviation.of(np.stack([a.kelvin for a in frames]) - np.stack([b.kelvin for b in fp32])))


def distances(data: Path | None, count: int, frames: dict[str, list[Frame]]) -> dict[str, float] | None:
    """Fréchet distance from the real thermal frames, by precision; None where a set has none."""
    if data is None or count < MIN_DISTANCE_FRAMES:
        return None
    from train.data import Dataset, spread
    from train.evaluation.distance import frechet_infinity, within_span
    from train.evaluation.features import LiteFeatures, grey_picture, picture_features

    dataset = Dataset.open(data)
    scale = dataset.thermal
    if scale is None:
        return None
    network = LiteFeatures()

    def features(kelvin: np.ndarray) -> np.ndarray:
        counts = np.clip((kelvin - scale.offset_kelvin) / scale.kelvin_per_count, 0, 255)
        return picture_features(network, grey_picture(counts, scale.level == "absolute"))

    chosen = spread(dataset.stems("val"), count)
    real = [features(dataset.sample(stem).thermal_kelvin) for stem in chosen]
    found = {}
    for precision, made in frames.items():
        pair = within_span([features(frame.kelvin) for frame in made], real)
        found[precision] = round(frechet_infinity(*pair, np.random.default_rng(0)), 3)
    return found


def table(report: dict[str, Any]) -> str:
    """Markdown."""
    errors = "K off: mean / p99.9 / max"
    lines = [
        f"| precision | graphs | given: ms, {errors} | colours only: ms, {errors} | Fréchet distance |",
        "| --- | --- | --- | --- | --- |",
    ]
    for precision, found in report["precisions"].items():
        cells = [precision, f"{found['bytes'] / 1e6:.1f} MB"]
        for protocol in ("given", "colours only"):
            kelvin = found[protocol]["kelvin"]
            errors = " / ".join(f"{kelvin[s]:.3g}" for s in ("mean", "p999", "maximum"))
            cells.append(f"{found[protocol]['ms']:.0f} ms, {errors}")
        distance = (report["fd_infinity"] or {}).get(precision)
        cells.append("not measured" if distance is None else f"{distance:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
