"""The step of `edge`: images per second with and without critics, where time goes, and what reading costs.

One thread; times are of the processor and not of the clock, medians over steps, so that they hold on a busy
machine. The critics speak in the last tenth of a run: "whole run" weighs both kinds of steps accordingly.

python benchmarks/training.py [--data DIR] [--batch 8] [--size 128x128] [--profile] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from common.report import leave
from torch.profiler import ProfilerActivity, profile

# `train` is run from the checkout and not installed.
sys.path.insert(0, str(Path(__file__).parents[1]))
from train.layergan import EdgeConfig, EdgeTraining
from train.memory import keep_freed_memory
from train.mixture import Mixture
from train.runtime import PRECISIONS, Runtime, launch
from train.scenes_dataset import prepare_scenes
from train.thermal_batch import LabelledMixture, ThermalBatch, draw_thermal_batch

WARM_UP = 2
#: So far into a run that no learning rate is special; critics are on from CRITICS_FROM.
STEPS, CRITICS_FROM = 1000, 900


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of prepared datasets; default: procedural scenes")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", default="128x128", metavar="WxH")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    parser.add_argument("--repeats", type=int, default=20, help="steps of each kind")
    parser.add_argument("--profile", action="store_true", help="print the dearest operators too")
    parser.add_argument("--quick", action="store_true", help="few steps")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    width, height = (int(side) for side in args.size.split("x"))
    config = EdgeConfig(
        steps=STEPS,
        batch=args.batch,
        size=(height, width),
        scales=(0.25, 0.5),
        adversary_from=CRITICS_FROM / STEPS,
    )
    with tempfile.TemporaryDirectory() as folder:
        training = EdgeTraining(config, Runtime(launch(precision=args.precision)))
        frames = LabelledMixture(
            Mixture(args.data or scenes(Path(folder)), config.shares, "EdgeConfig.shares"), {}
        )
        report = measure(training, frames, 3 if args.quick else args.repeats)
        if args.profile:
            print(operators(training, frames))
    about = {"batch": args.batch, "size": args.size, "precision": args.precision}
    leave(about | report, args.json)


def measure(training: EdgeTraining, frames: LabelledMixture, repeats: int) -> dict[str, object]:
    """Milliseconds of drawing a batch and of both kinds of steps, and images per second of the steps."""
    drawing, quiet = times(training, frames, 0, repeats)
    _, critics = times(training, frames, CRITICS_FROM, repeats)
    whole = (quiet * CRITICS_FROM + critics * (STEPS - CRITICS_FROM)) / STEPS
    steps = {"without critics": quiet, "with critics": critics, "whole run": whole}
    return {
        "reading_ms": round(1e3 * drawing, 1),
        "step_ms": {name: round(1e3 * seconds, 1) for name, seconds in steps.items()},
        "images_per_second": {n: round(training.config.batch / s, 1) for n, s in steps.items()},
    }


def times(training: EdgeTraining, frames: LabelledMixture, first: int, repeats: int) -> tuple[float, float]:
    """Median seconds of drawing and of steps from `first` on."""
    drawing, stepping = [], []
    for index in range(first, first + WARM_UP + repeats):
        seconds, batch = timed(lambda index=index: draw(training, frames, index))
        drawing.append(seconds)
        stepping.append(timed(lambda index=index, batch=batch: training.step(index, batch))[0])
    return statistics.median(drawing[WARM_UP:]), statistics.median(stepping[WARM_UP:])


def operators(training: EdgeTraining, frames: LabelledMixture, rows: int = 20) -> str:
    """Table of the operators that a step without critics spends its time in."""
    batch = draw(training, frames, 0)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        training.step(0, batch)
    return found.key_averages().table(sort_by="self_cpu_time_total", row_limit=rows)


def draw(training: EdgeTraining, frames: LabelledMixture, index: int) -> ThermalBatch:
    """The batch of a step, on the device."""
    batch = draw_thermal_batch(frames, training.config.windows, training.config.seed, index)
    return batch.to(training.runtime.fabric.device)


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Processor seconds of a call, and what it returned."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def scenes(folder: Path) -> Path:
    """A few procedural frames as a dataset."""
    prepare_scenes(folder / "scenes", train=6, val=0)
    return folder


if __name__ == "__main__":
    main()
