"""The run time's speed, as ratios within one run: against pix2pix, dense layers, its own graphs.

The frames are 512x512. "Given": class map and temperatures are passed in. "Dense": every layer on the whole
frame, absent classes too. "At 256": the networks see the frames halved. "Streams": a recording in memory, its
frames steadied and with automatic gain. The SDK's overhead is what a frame takes beyond its calls of ONNX
Runtime, on one thread, where calls do not overlap.

python benchmarks/real_time.py [--data runs/data/msrs] [--frames 59] [--quick] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
from common.frames import WHOLE, Case, load_cases, resized
from common.plot import draw_costs
from common.report import leave

from thermalsdk import Synthesizer, Temperatures
from thermalsdk.backends.onnxruntime import OnnxRuntimeGraph
from thermalsdk.bench import BenchFrame, open_rival, summarise, throughput
from thermalsdk.regions import Regions

SIZE = (512, 512)
GIVEN = Temperatures(ambient=285.0)
WIDTHS = (256, 512, 768, 1024, 1536, 1920)
HALF = SIZE[0] // 2
# In a process of its own, so that nothing else has touched the memory or the disk cache of the imports.
FIRST_FRAME = """
import time, numpy as np
start = time.perf_counter()
from thermalsdk import Synthesizer
from thermalsdk.bench import peak_memory_mib
rgb = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
with Synthesizer.load({bundle!r}, warmup=False) as synth:
    synth(rgb)
    first = time.perf_counter() - start
    for _ in range(20):
        synth(rgb)
print(first, peak_memory_mib())
"""


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="a prepared dataset: its val frames; default: procedural scenes"
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--frames", type=int, default=59)
    parser.add_argument("--quick", action="store_true", help="few frames and repeats")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the costs by size and by classes")
    args = parser.parse_args()
    cases = load_cases(args.data, 6 if args.quick else args.frames, SIZE)
    repeats = 100 if args.quick else 1000
    first_s, memory_mib = first_frame(args.bundle)
    with Synthesizer.load(args.bundle) as synth:
        report = {
            "frames": f"{len(cases)} of {SIZE[1]}x{SIZE[0]}",
            "source": "procedural scenes" if args.data is None else args.data.name,
            "threads": synth.info.threads,
            "against": against(args.bundle, synth, cases),
            "streams": streams(synth, cases, 1 if args.quick else 4),
            "steadiness": steadiness(synth, cases[0], repeats),
            "width_ms": by_width(synth, cases[0]),
            "classes_ms": by_classes(synth, cases[0][0]),
        }
    with Synthesizer.load(args.bundle, processing_resolution=WHOLE) as synth:
        report["width_seen_whole_ms"] = by_width(synth, cases[0])
    with Synthesizer.load(args.bundle, threads=1) as alone:
        report["overhead_share"] = overhead(alone, cases)
    report |= {"load_to_first_frame_s": first_s, "peak_memory_mib": memory_mib}
    leave(report, args.json)
    if args.plot:
        draw_costs(report, args.plot)


def against(bundle: str, synth: Synthesizer, cases: list[Case]) -> dict[str, object]:
    """Times of all ways and of the rival, which take turns on each frame."""
    rival = open_rival("pix2pix", synth.info.threads)
    times: dict[str, list[float]] = {}
    rng = np.random.default_rng(0)
    with (
        Synthesizer.load(bundle, processing_resolution=WHOLE) as dense_synth,
        Synthesizer.load(bundle, processing_resolution=HALF) as half,
    ):
        for index, (rgb, labels) in enumerate([cases[0], *cases]):
            rival.prepare(rgb)
            ways: dict[str, Callable[[], object]] = {
                "given": lambda rgb=rgb, labels=labels: synth(rgb, labels=labels, temperatures=GIVEN),
                "dense": lambda rgb=rgb, labels=labels: dense(dense_synth, rgb, labels),
                "given_at_256": lambda rgb=rgb, labels=labels: half(rgb, labels=labels, temperatures=GIVEN),
                "colours_only": lambda rgb=rgb: synth(rgb),
                "colours_only_at_256": lambda rgb=rgb: half(rgb),
                "pix2pix": lambda rgb=rgb: rival(rgb),
            }
            # In any order, because pix2pix leaves cold caches to whoever comes next.
            for name in rng.permutation(list(ways)):
                elapsed = timed(ways[name])
                if index:  # the first round warms up
                    times.setdefault(name, []).append(elapsed)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        **{f"{name}_ms": summarise(values) for name, values in times.items()},
        **{
            f"{name}_fps": round(1e3 / medians[name], 1)
            for name in ("given", "colours_only", "given_at_256", "colours_only_at_256")
        },
        "times_faster_than_pix2pix": round(medians["pix2pix"] / medians["given"], 2),
        "times_faster_than_dense": round(
            statistics.mean(times["dense"]) / statistics.mean(times["given"]), 2
        ),
    }


def streams(synth: Synthesizer, cases: list[Case], rounds: int) -> dict[str, float]:
    """Frames a second of a stream of a recording: one frame at a time, and several."""
    kinds = {
        "given": [BenchFrame(rgb, labels, GIVEN) for rgb, labels in cases],
        "colours_only": [BenchFrame(rgb) for rgb, _ in cases],
    }
    counts = {"one_by_one": 1, "side_by_side": None}
    rates: dict[str, list[float]] = {f"{kind}_{name}_fps": [] for kind in kinds for name in counts}
    for _ in range(rounds):
        for kind, frames in kinds.items():
            for name, in_flight in counts.items():
                rate = throughput(synth, frames, 2 * len(frames), 6, in_flight)
                rates[f"{kind}_{name}_fps"].append(rate)
    return {name: round(statistics.median(values), 1) for name, values in rates.items()}


def dense(synth: Synthesizer, rgb: np.ndarray, labels: np.ndarray) -> object:
    """A frame with every layer of the bundle on the whole of it.

    Keep a synthesizer for such frames alone: it remembers the regions of a class map that does not change.
    """
    everywhere = Regions.whole(range(len(synth.info.classes)), (rgb.shape[0], rgb.shape[1]))
    with mock.patch("thermalsdk.class_map.plan_regions", return_value=everywhere):
        return synth(rgb, labels=labels, temperatures=GIVEN)


def steadiness(synth: Synthesizer, case: Case, repeats: int) -> dict[str, object]:
    """How much one frame's time varies, of a scene that stands still."""
    rgb, labels = case
    times = [timed(lambda: synth(rgb, labels=labels, temperatures=GIVEN)) for _ in range(repeats)]
    median, p99 = np.percentile(times, (50, 99))
    return {"repeats": repeats, "p99_over_median": round(float(p99 / median), 2)}


def overhead(synth: Synthesizer, cases: list[Case]) -> float:
    """(time of the call - time in ONNX Runtime) / time in ONNX Runtime, over all frames."""
    inside: list[float] = []
    original = OnnxRuntimeGraph.run

    def counted(self: OnnxRuntimeGraph, *arguments: object) -> object:
        start = time.perf_counter()
        result = original(self, *arguments)
        inside.append((time.perf_counter() - start) * 1e3)
        return result

    with mock.patch.object(OnnxRuntimeGraph, "run", counted):
        total = sum(timed(lambda c=c: synth(c[0], labels=c[1], temperatures=GIVEN)) for c in cases)
    return round((total - sum(inside)) / sum(inside), 3)


def by_width(synth: Synthesizer, case: Case) -> dict[int, float]:
    """Median milliseconds of a frame of a moving scene by its width, at 4:3."""
    sizes = {width: (width * 3 // 4, width) for width in WIDTHS}
    rgb, labels = case
    return moving_ms(
        synth, {width: (resized(rgb, size), resized(labels, size)) for width, size in sizes.items()}
    )


def by_classes(synth: Synthesizer, rgb: np.ndarray) -> dict[int, float]:
    """Median milliseconds of a frame of a moving scene by how many classes share it, in upright stripes."""
    cases = {}
    for count in range(1, len(synth.info.classes) + 1):
        stripes = (np.arange(rgb.shape[1]) * count // rgb.shape[1]).astype(np.uint8)
        cases[count] = (rgb, np.broadcast_to(stripes, rgb.shape[:2]))
    return moving_ms(synth, cases)


def moving_ms(synth: Synthesizer, cases: dict[int, Case], rounds: int = 10) -> dict[int, float]:
    """Median milliseconds of each case, the first two rounds not counted.

    They take turns: the machine's moods come to all of them, and no class map comes twice in a row, which
    would not be analysed again.
    """
    times: dict[int, list[float]] = {key: [] for key in cases}
    for _ in range(2 + rounds):
        for key, (rgb, labels) in cases.items():
            times[key].append(timed(lambda f=rgb, k=labels: synth(f, labels=k, temperatures=GIVEN)))
    return {key: round(statistics.median(values[2:]), 2) for key, values in times.items()}


def first_frame(bundle: str) -> tuple[float, float]:
    """Seconds from a fresh interpreter's first import to its first frame, and its peak memory in MiB."""
    words = [sys.executable, "-c", FIRST_FRAME.format(bundle=bundle)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, memory = (float(value) for value in done.stdout.split())
    return round(seconds, 2), round(memory, 1)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
