"""TensorRT engines of an exported bundle, made by the SDK's own builder into this machine's cache."""

from __future__ import annotations

import argparse
from pathlib import Path

from thermalsdk.bundle import Bundle
from thermalsdk.cli.console import table
from thermalsdk.cli.engines import build_engines, engine_row
from thermalsdk.engines import FLAVOURS, EngineCache, Flavour, build_target, load_flavour, plan_engines
from thermalsdk.errors import BackendUnavailable


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add --engines and --engines-only."""
    parser.add_argument(
        "--engines",
        choices=("auto", *FLAVOURS, "none"),
        default="auto",
        help="TensorRT engines too: trt, rtx (TensorRT for RTX), none, or auto for what is installed (auto)",
    )
    parser.add_argument(
        "--engines-only",
        metavar="BUNDLE",
        help="export nothing: build the engines of this bundle, on its target",
    )


def build_bundle_engines(bundle: str | Path, choice: str) -> None:
    """Build the engines of every graph of a bundle, in half precision where it has that, and list them.

    Args:
        bundle: shipped name or folder.
        choice: "trt" or "rtx", "none", or "auto", which says in one line what it did and why.

    Raises:
        BackendUnavailable: the flavour that was named cannot build here.
        PrecisionError: an engine has less half precision than its graphs ask for.
        EngineError: TensorRT refused a graph.
        OutputError: the cache cannot be written.
    """
    if choice == "none":
        return
    try:
        flavour, target = _builder(choice)
    except BackendUnavailable as error:
        if choice != "auto":
            raise
        print(f"engines not built: {error.message}; build them on the target with --engines-only BUNDLE")
        return
    cache = EngineCache()
    entries = build_engines(plan_engines(Bundle.open(bundle), flavour, target), cache)
    print(f"engines of {flavour.name} {flavour.version} for {target} in {cache.folder}")
    table([engine_row(entry) for entry in entries])


def _builder(choice: str) -> tuple[Flavour, str]:
    flavour = load_flavour(choice)
    return flavour, build_target(flavour)
