"""Train every method of the paper on the same small frames and score them side by side: the paper's table 1.

`python -m train compare --data runs/data --out runs/compare` resizes the real sets to 128x128, trains each
method on the same number of images, and scores protocol `given` (class maps, one mean per component) and
protocol `rgb` (a bundle's segmenter and labeller make both). A killed run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from thermalsdk import Synthesizer
from train.checkpoint import load_module, read_kept, write_json
from train.comparison.figure import write_methods_figure
from train.comparison.inputs import Maps, frame_inputs, predicted_maps
from train.comparison.table import summarise, table_markdown
from train.comparison.training import Budget, build, train_method
from train.data import Dataset, DatasetError, Sample
from train.data.resize import resize_dataset
from train.evaluation.evaluate import COMPARED, Synthesize, evaluate
from train.evaluation.features import LiteFeatures
from train.evaluation.protocols import PROTOCOLS, GivenInputs, Protocol, is_scored
from train.memory import keep_freed_memory
from train.methods import METHODS, FrameInputs, Method
from train.methods.patch import ThermalGan
from train.mixture import Mixture
from train.parallel import rank
from train.runtime import add_runtime_arguments, open_runtime
from train.thermal_batch import LabelledMixture

logger = logging.getLogger(__name__)

SPLIT = "val"
#: Two lines of a log that are further apart had a night between them.
BREAK_SECONDS = 900
FIGURE_ROWS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    budget = Budget()
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of prepared sets")
    parser.add_argument("--sets", nargs="+", default=["msrs", "roadscene"], help="folders in DATA")
    parser.add_argument("--out", type=Path, default=Path("runs/compare"), help="run directory")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--images", type=int, default=budget.images, help="seen by each method (%(default)s)")
    parser.add_argument("--size", type=int, default=budget.size, help="side of the frames (%(default)s)")
    parser.add_argument("--batch", type=int, default=budget.batch, help="images a step (%(default)s)")
    parser.add_argument("--cap", type=int, default=budget.cap, help="most channels of the paper's networks")
    parser.add_argument("--bundle", default="street", help="segmenter and labeller of protocol rgb")
    parser.add_argument("--json", type=Path, metavar="FILE", help="copy of the table's JSON")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="picture of all methods beside the truth")
    parser.add_argument("--figure-set", default="scenes", help="folder in DATA that it shows (%(default)s)")
    add_runtime_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments; returns the exit code."""
    keep_freed_memory()
    budget = Budget(images=args.images, size=args.size, batch=args.batch, cap=args.cap)
    runtime = open_runtime(args)
    full = {name: Dataset.open(args.data / name) for name in args.sets}
    folder = args.out / f"data-{budget.size}"
    with runtime.fabric.rank_zero_first():
        small = {name: _resized(full[name], folder / name, budget.size) for name in args.sets}
    frames = LabelledMixture(Mixture(folder, dict.fromkeys(args.sets, 1.0), "--sets"), {})
    for name in args.methods:
        train_method(name, frames, args.out / name, budget, runtime=runtime, sets=args.sets)
    if rank() > 0:
        return 0
    size = (budget.size, budget.size)
    with Synthesizer.load(args.bundle) as synth:
        bundle = synth.info.bundle_hash
        predicted = {name: predicted_maps(synth, full[name], SPLIT, size) for name in args.sets}
    # The baselines' pictures are the same for every method, so the first one's report has their distances.
    results = [
        _score(
            args.out / name,
            budget,
            dataset,
            predicted[set_name],
            protocol,
            name == args.methods[0],
            bundle,
        )
        for name in args.methods
        for set_name, dataset in small.items()
        for protocol in PROTOCOLS
        if _is_scored(dataset, protocol)
    ]
    table = summarise(results, asdict(budget), {n: d.spec.source for n, d in full.items()})
    for path in filter(None, (args.out / "table1.json", args.json)):
        write_json(path, table)
    report = table_markdown(table)
    (args.out / "table1.md").write_text(report)
    print(report)
    if args.figure is not None:
        folder = args.out / f"shown-{budget.size}"
        shown = _resized(Dataset.open(args.data / args.figure_set), folder / args.figure_set, budget.size)
        _write_figure(args.figure, shown, args.methods, args.out, budget)
    return 0


def _write_figure(path: Path, shown: Dataset, methods: list[str], out: Path, budget: Budget) -> None:
    """Validation frames of different scenes under protocol `given`."""
    trained = {name: build(name, budget) for name in methods}
    synthesizers = {
        name: synthesizer(method, load_module(out / name, "generator_ema", method.generator), {})
        for name, method in trained.items()
    }
    stems = shown.stems(SPLIT)
    write_methods_figure(path, shown, synthesizers, stems[:: max(1, len(stems) // FIGURE_ROWS)][:FIGURE_ROWS])


def synthesizer(method: Method, generator: nn.Module, predicted: Mapping[str, Maps]) -> Synthesize:
    """A trained method for `evaluate`: the protocol's maps where they are given, else the predicted ones."""

    def synthesize(sample: Sample, given: GivenInputs | None) -> NDArray[np.floating]:
        maps = predicted[sample.stem] if given is None else Maps.given(given)
        inputs = frame_inputs(sample.rgb, maps)
        with torch.inference_mode():
            return _kelvin(method, generator, inputs, given is not None)[0].numpy()

    return synthesize


def _kelvin(method: Method, generator: nn.Module, inputs: FrameInputs, given: bool) -> torch.Tensor:
    # Without given temperatures ThermalGAN has its own way to paint them.
    if isinstance(method, ThermalGan) and not given:
        return method.kelvin_from_vector(generator, inputs)
    return method.kelvin(generator, inputs)


def _score(
    run: Path,
    budget: Budget,
    dataset: Dataset,
    predicted: Mapping[str, Maps],
    protocol: Protocol,
    with_baselines: bool,
    bundle: str,
) -> dict[str, Any]:
    """Scores of the method in `run` on one set, kept there for the same budget and maps."""
    name = run.name
    kept = run / f"{dataset.folder}_{protocol}.json"
    key = {"budget": asdict(budget), "bundle": bundle if protocol == "rgb" else None}
    known = read_kept(kept, key)
    if known is not None:
        return known
    method = build(name, budget)
    generator = load_module(run, "generator_ema", method.generator)
    result = evaluate(
        dataset,
        synthesizer(method, generator, predicted),
        protocol,
        split=SPLIT,
        networks=(LiteFeatures(),),
        compared=COMPARED if with_baselines else (),
        progress=_progress(f"{name} {dataset.folder} {protocol}"),
    )
    scored = {"method": name, **key, "seconds": training_seconds(run), **result}
    write_json(kept, scored)
    return scored


def training_seconds(run: Path) -> float:
    """Wall clock between the first and the last line of the run's log, without breaks between sessions."""
    times = [json.loads(line)["time"] for line in (run / "stats.jsonl").read_text().splitlines()]
    steps = np.diff(times)
    return float(steps[steps < BREAK_SECONDS].sum())


def _resized(dataset: Dataset, out: Path, size: int) -> Dataset:
    """The set in small, as an earlier run left it. Raises DatasetError where that one had other frames."""
    if not (out / "dataset.json").exists():
        return resize_dataset(dataset, out, (size, size))
    small = Dataset.open(out)
    if (small.spec.splits, small.spec.frames) != (dataset.spec.splits, dataset.spec.frames):
        raise DatasetError(
            f"{out} was made from another {dataset.root} than there is now",
            "Take another --out, or remove the run directory.",
        )
    return small


def _is_scored(dataset: Dataset, protocol: Protocol) -> bool:
    return any(is_scored(dataset.spec.frames[stem], protocol) for stem in dataset.stems(SPLIT))


def _progress(title: str) -> Callable[[list[str]], tqdm]:
    return partial(tqdm, desc=title, unit="frame")
