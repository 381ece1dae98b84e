"""Train every method of the paper on the same small frames and score them side by side: the paper's table 1.

`python -m train compare --data runs/data --out runs/compare` resizes the real sets to 128x128, trains each
method on the same number of images, and scores protocol `given` (class maps, one mean per component) and
protocol `rgb` (a bundle's segmenter and labeller make both). A killed run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import itertools
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
from thermalsdk.bundle import Bundle
from thermalsdk.errors import BundleError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.partial import check_parent
from train.checkpoint import load_module, read_kept, write_json
from train.comparison.figure import require_suffix, write_methods_figure
from train.comparison.inputs import Maps, frame_inputs, predicted_maps
from train.comparison.table import summarise, table_markdown
from train.comparison.training import Budget, build, settings_of, train_method
from train.data import Dataset, DatasetError, Sample, spread
from train.data.resize import origin_note, resize_dataset
from train.evaluation.evaluate import COMPARED, Synthesize, evaluate, scored_stems
from train.evaluation.features import LiteFeatures
from train.evaluation.protocols import PROTOCOLS, GivenInputs, Protocol, is_scored
from train.memory import keep_freed_memory
from train.methods import METHODS, FrameInputs, Method
from train.methods.patch import ThermalGan
from train.mixture import Mixture, open_sets, require_thermal
from train.parallel import rank
from train.record import require_same_settings
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
    full = open_sets(args.data, dict.fromkeys(args.sets, 1.0))
    args.out.mkdir(parents=True, exist_ok=True)
    _check(args, budget, full)
    runtime = open_runtime(args)
    folder = args.out / f"data-{budget.size}"
    with runtime.fabric.rank_zero_first():
        small = {name: _resized(full[name], folder / name, budget.size) for name in args.sets}
        shown = None if args.figure is None else _shown(args, budget.size)
    frames = LabelledMixture(Mixture(folder, dict.fromkeys(args.sets, 1.0), "--sets"), {})
    for name in args.methods:
        train_method(name, frames, args.out / name, budget, runtime=runtime, sets=args.sets)
    if rank() > 0:
        return 0
    results = _score_all(args, budget, full, small)
    table = summarise(results, asdict(budget), {n: d.spec.source for n, d in full.items()})
    for path in filter(None, (args.out / "table1.json", args.json)):
        write_json(path, table)
    report = table_markdown(table)
    (args.out / "table1.md").write_text(report)
    print(report)
    if shown is not None:
        _write_figure(args.figure, shown, args.methods, args.out, budget)
    return 0


def _check(args: argparse.Namespace, budget: Budget, full: Mapping[str, Dataset]) -> None:
    """Find, before any method is trained, what the table and its figure could not be made of.

    Raises:
        DatasetError: a set is absent, has no thermal pictures, or none to score or to show.
        CheckpointError: the run of a method was begun with another budget or other sets.
        BundleError: the bundle is damaged, has no segmenter or labeller, or has other classes.
        OutputError: there is no folder for the copy or the figure, or the figure's suffix is unknown.
    """
    for name in args.methods:
        require_same_settings(args.out / name, settings_of(name, budget, args.sets))
    absent = sorted(set(args.sets) - set(full))
    if absent:
        raise DatasetError(
            f"{args.data} has no {', '.join(absent)}", "Prepare it, or leave it out of --sets."
        )
    require_thermal(full.values())
    _require_maps(Bundle.open(args.bundle))
    for path in filter(None, (args.json, args.figure)):
        check_parent(path)
    for dataset in full.values():
        scored_stems(dataset, "rgb", SPLIT)
    if args.figure is not None:
        require_suffix(args.figure)
        shown = Dataset.open(args.data / args.figure_set)
        require_thermal([shown])
        scored_stems(shown, "given", SPLIT)


def _require_maps(bundle: Bundle) -> None:
    """Raise BundleError for a bundle that does not predict what protocol `rgb` gives the methods."""
    graphs = bundle.manifest.graphs
    if graphs.segmenter is None or graphs.labeller is None or bundle.manifest.classes != STREET_CLASSES:
        raise BundleError(
            f"{bundle.path} has no segmenter and labeller of the classes {', '.join(STREET_CLASSES)}",
            "Name another one with --bundle, such as street.",
        )


def _write_figure(path: Path, shown: Dataset, methods: list[str], out: Path, budget: Budget) -> None:
    """Validation frames of different scenes under protocol `given`."""
    trained = {name: build(name, budget) for name in methods}
    synthesizers = {
        name: synthesizer(method, load_module(out / name, "generator_ema", method.generator), {})
        for name, method in trained.items()
    }
    stems = scored_stems(shown, "given", SPLIT)
    write_methods_figure(path, shown, synthesizers, spread(stems, FIGURE_ROWS))


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


def _score_all(
    args: argparse.Namespace, budget: Budget, full: Mapping[str, Dataset], small: Mapping[str, Dataset]
) -> list[dict[str, Any]]:
    """Scores of every method on every set in both protocols, where the set has frames for one."""
    size = (budget.size, budget.size)
    with Synthesizer.load(args.bundle) as synth:
        bundle = synth.info.bundle_hash
        predicted = {name: predicted_maps(synth, dataset, SPLIT, size) for name, dataset in full.items()}
    results = []
    for name, (set_name, dataset), protocol in itertools.product(args.methods, small.items(), PROTOCOLS):
        if not _is_scored(dataset, protocol):
            continue
        key = {
            "budget": asdict(budget),
            "bundle": bundle if protocol == "rgb" else None,
            "fingerprint": full[set_name].fingerprint(),
            # Their pictures are the same for every method, so the first one's report has their distances.
            "with_baselines": name == args.methods[0],
        }
        results.append(_score(args.out / name, budget, dataset, predicted[set_name], protocol, key))
    return results


def _score(
    run: Path,
    budget: Budget,
    dataset: Dataset,
    predicted: Mapping[str, Maps],
    protocol: Protocol,
    key: Mapping[str, Any],
) -> dict[str, Any]:
    """Scores of the method in `run` on one set, kept there for the same key: what they depend on."""
    name = run.name
    kept = run / f"{dataset.folder}_{protocol}.json"
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
        compared=COMPARED if key["with_baselines"] else (),
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
    """The set in small, as an earlier run left it. Raises DatasetError where that one had other files."""
    if not (out / "dataset.json").exists():
        return resize_dataset(dataset, out, (size, size))
    small = Dataset.open(out)
    if origin_note(dataset) not in small.spec.notes:
        raise DatasetError(
            f"{out} was made of other files than {dataset.root} holds now, or by an older version",
            f"Take another --out. If the files differ in their times alone, remove {out}.",
        )
    return small


def _shown(args: argparse.Namespace, size: int) -> Dataset:
    """The set of the figure, in small."""
    full = Dataset.open(args.data / args.figure_set)
    return _resized(full, args.out / f"shown-{size}" / args.figure_set, size)


def _is_scored(dataset: Dataset, protocol: Protocol) -> bool:
    return any(is_scored(dataset.spec.frames[stem], protocol) for stem in dataset.stems(SPLIT))


def _progress(title: str) -> Callable[[list[str]], tqdm]:
    return partial(tqdm, desc=title, unit="frame")
