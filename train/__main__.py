"""`python -m train`: trains the layered generator; its sub-commands do everything around it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from thermalsdk.bundle import Bundle
from thermalsdk.errors import ThermalSDKError
from train import prepare, scenes_dataset
from train.comparison import command as compare
from train.comparison.training import Budget
from train.downstream import command as downstream
from train.evaluation import command as evaluate
from train.labeller import LabellerConfig, train_labeller
from train.layergan import EdgeConfig, train_edge
from train.memory import keep_freed_memory
from train.preset import PRESETS, train_preset
from train.record import require_same_settings
from train.runtime import add_runtime_arguments, default_of, open_runtime
from train.segmenter import SegmenterConfig, train_segmenter

#: Configuration and training of what one command trains, in the order of a whole run.
STAGES = {
    "segmenter": (SegmenterConfig, train_segmenter),
    "labeller": (LabellerConfig, train_labeller),
    "edge": (EdgeConfig, train_edge),
}
TRAININGS = STAGES | {name: (Budget, partial(train_preset, name)) for name in PRESETS}
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for stage in STAGES:
        sub = commands.add_parser(stage, help=f"train the {stage} alone")
        _add_run_arguments(sub, Path("runs/street"), inherited=True)
        sub.set_defaults(run=lambda args, stage=stage: _train(args, (stage,)))
    modules = {
        "scenes": scenes_dataset,
        "prepare": prepare,
        "evaluate": evaluate,
        "compare": compare,
        "downstream": downstream,
    }
    for name, module in modules.items():
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
    configs = {name: override(TRAININGS[name][0](), name, args.set) for name in stages}
    if args.dry_run:
        print(json.dumps({name: asdict(config) for name, config in configs.items()}, indent=2))
        return
    # Now, and not when the stages before it have taken their hours.
    for name, config in configs.items():
        require_same_settings(args.out / name, asdict(config))
    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    runtime = open_runtime(args)
    with runtime.fabric.rank_zero_first():
        data = args.data if args.data is not None else scenes_dataset.default_data()
    start = None if args.init is None else Bundle.open(args.init)
    for name in stages:
        TRAININGS[name][1](data, args.out / name, configs[name], start, runtime)


def override(config: Any, stage: str, settings: list[str]) -> Any:
    """Apply `stage.name=json` settings to a configuration.

    Raises:
        SystemExit: a setting names no stage or field, or its value is no JSON.
    """
    known = {field.name for field in fields(config)}
    for setting in settings:
        path, _, value = setting.partition("=")
        owner, _, name = path.partition(".")
        if owner not in TRAININGS or not value:
            raise SystemExit(
                f"--set {setting}: write STAGE.NAME=VALUE with a stage of {', '.join(TRAININGS)}"
            )
        if owner != stage:
            continue
        if name not in known:
            raise SystemExit(f"--set {setting}: {stage} has {', '.join(sorted(known))}")
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError as error:
            raise SystemExit(f"--set {setting}: the value is no JSON: {error}") from error
        config = replace(config, **{name: tuple(parsed) if isinstance(parsed, list) else parsed})
    return config


if __name__ == "__main__":
    sys.exit(main())
