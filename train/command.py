"""`python -m train`: trains the layered generator; its sub-commands do everything around it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from thermalsdk.bundle import Bundle
from thermalsdk.errors import ThermalSDKError
from train import prepare, scenes_dataset
from train.comparison import command as compare
from train.downstream import command as downstream
from train.evaluation import command as evaluate
from train.labeller import LabellerConfig, check_labeller, train_labeller
from train.layergan import EdgeConfig, check_edge, train_edge
from train.memory import keep_freed_memory
from train.preset import PRESETS, PresetConfig, check_preset, train_preset
from train.runtime import add_runtime_arguments, default_of, open_runtime
from train.segmenter import SegmenterConfig, check_segmenter, train_segmenter
from train.settings import configure


class Stage(NamedTuple):
    """What one command trains: its configuration, what finds mistakes before any training, the training."""

    config: type
    check: Callable[..., None]
    train: Callable[..., None]


#: In the order of a whole run.
STAGES = {
    "segmenter": Stage(SegmenterConfig, check_segmenter, train_segmenter),
    "labeller": Stage(LabellerConfig, check_labeller, train_labeller),
    "edge": Stage(EdgeConfig, check_edge, train_edge),
}
TRAININGS = STAGES | {
    name: Stage(PresetConfig, partial(check_preset, name), partial(train_preset, name)) for name in PRESETS
}
#: Commands with options of their own, by the modules that declare them.
COMMANDS = {
    "scenes": scenes_dataset,
    "prepare": prepare,
    "evaluate": evaluate,
    "compare": compare,
    "downstream": downstream,
}
EXAMPLES = """examples:
  python -m train                                    procedural scenes: segmenter, labeller, edge in turn
  python -m train prepare msrs ../shared/data/msrs runs/data/msrs
  python -m train --data runs/data --out runs/street --set edge.steps=12000
  python -m train --data DATA --out runs/mine --init street --set edge.steps=1000
  python -m train --preset paper --data DATA --out runs/mine --set paper.size=256 --set paper.images=20000
"""


def main() -> int:
    """Entry point; returns the exit code: 0 done, 1 an error with its fix on stderr, 2 usage."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("train").setLevel(logging.INFO)
    parser = _parser()
    args = parser.parse_args()
    if args.command in COMMANDS and sys.argv[1] != args.command:
        parser.error(f"{args.command} takes its options after it: python -m train {args.command} ...")
    if args.command in STAGES and args.preset != "edge":
        parser.error(f"{args.command} is a stage of preset edge: leave --preset {args.preset} out")
    try:
        args.run(args)
    except ThermalSDKError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--preset",
        choices=("edge", *PRESETS),
        default="edge",
        help="edge: segmenter, labeller and layers of a bundle; others: a method of the paper, alone",
    )
    _add_run_arguments(parser, Path("runs/street"))
    parser.set_defaults(run=lambda args: _train(args, STAGES if args.preset == "edge" else (args.preset,)))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for stage in STAGES:
        sub = commands.add_parser(stage, help=f"train the {stage} alone")
        _add_run_arguments(sub, Path("runs/street"), inherited=True)
        sub.set_defaults(run=lambda args, stage=stage: _train(args, (stage,)))
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.add_arguments(sub)
        sub.set_defaults(run=module.main)
    return parser


def _add_run_arguments(parser: argparse.ArgumentParser, out: Path, *, inherited: bool = False) -> None:
    """Declare the options of a run; `inherited` ones may stand before the command as well."""
    default = partial(default_of, inherited=inherited)
    parser.add_argument(
        "--data",
        type=Path,
        default=default(None),
        help="folder of prepared datasets; default: procedural scenes, made on first use",
    )
    parser.add_argument("--out", type=Path, default=default(out), help=f"run directory (default: {out})")
    parser.add_argument(
        "--init",
        metavar="BUNDLE",
        default=default(None),
        help="start from a bundle's weights, a shipped name or a folder: fine-tuning on your own frames",
    )
    parser.add_argument("--threads", type=int, default=default(0), help="CPU threads of each process; 0: all")
    add_runtime_arguments(parser, inherited=inherited)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        default=default(False),
        help="print the resolved configuration and stop",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=default([]),
        metavar="STAGE.NAME=VALUE",
        help="override one setting, e.g. edge.steps=2000; the value is JSON",
    )


def _train(args: argparse.Namespace, stages: Iterable[str]) -> None:
    configs = configure({name: TRAININGS[name].config() for name in stages}, args.set)
    if args.dry_run:
        print(json.dumps({name: asdict(config) for name, config in configs.items()}, indent=2))
        return
    start = None if args.init is None else Bundle.open(args.init)
    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    runtime = open_runtime(args)
    with runtime.fabric.rank_zero_first():
        data = args.data if args.data is not None else scenes_dataset.default_data()
    # Of all stages now, and not when those before have taken their hours.
    for name, config in configs.items():
        TRAININGS[name].check(data, args.out / name, config, start)
    for name, config in configs.items():
        TRAININGS[name].train(data, args.out / name, config, start, runtime)
