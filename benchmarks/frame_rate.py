"""Frames per second of the shipped bundle, end to end, beside the machine that made them.

python benchmarks/frame_rate.py [--data runs/data/msrs] [--frames 60] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from thermalsdk import Synthesizer
from thermalsdk.scenes import StreetScene

Case = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Time both ways of use on the same frames and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="a prepared dataset: its val frames; default: procedural scenes"
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--quick", action="store_true", help="few frames")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    count = 8 if args.quick else args.frames
    cases = scene_frames(count) if args.data is None else dataset_frames(args.data, count)
    height, width = cases[0][0].shape[:2]
    load_start = time.perf_counter()
    with Synthesizer.load(args.bundle, threads=args.threads) as synth:
        load_ms = (time.perf_counter() - load_start) * 1e3
        given = [timed(lambda rgb=rgb, labels=labels: synth(rgb, labels=labels)) for rgb, labels in cases]
        alone = [timed(lambda rgb=rgb: synth(rgb)) for rgb, _ in cases]
    report = {
        "machine": f"{cpu_name()}, {os.cpu_count()} cores",
        "frames": f"{count} of {width}x{height}",
        "source": "procedural scenes" if args.data is None else args.data.name,
        "load_and_warm_up_ms": round(load_ms, 1),
        "labels_given": summary(given),
        "rgb_only": summary(alone),
    }
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


def timed(work) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile, frames per second at the median."""
    median = statistics.median(times)
    return {
        "median_ms": round(median, 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "fps": round(1e3 / median, 1),
    }


def scene_frames(count: int) -> list[Case]:
    """Procedural frames of 640x480, four seeds in turn."""
    scenes = [StreetScene(seed, 480, 640) for seed in range(4)]
    frames = [scenes[i % 4].render(0.2 * (i // 4)) for i in range(count)]
    return [(frame.rgb, frame.labels) for frame in frames]


def dataset_frames(root: Path, count: int) -> list[Case]:
    """Validation frames of a prepared dataset with their labels, unsure pixels as background."""
    # `train` is run from the checkout and not installed.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from train.data import Dataset

    dataset = Dataset.open(root)
    samples = [dataset.sample(stem) for stem in dataset.stems("val")[:count]]
    return [(s.rgb, np.where(s.labels == 255, 0, s.labels).astype(np.uint8)) for s in samples]


def cpu_name() -> str:
    """Model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
