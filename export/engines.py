"""TensorRT engines of an exported bundle, made by the SDK's own builder into this machine's cache."""

from __future__ import annotations

import argparse

from thermalsdk.bundle import Bundle
from thermalsdk.cli.console import table
from thermalsdk.cli.engines import build_engines, engine_row
from thermalsdk.engines import FLAVOURS, EngineCache, Flavour, build_target, load_flavour, plan_engines
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.errors import ThermalSDKError


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add --engines and --engines-only."""
    parser.add_argument(
        "--engines",
        choices=("auto", *FLAVOURS, "none"),
        default="auto",
        help="TensorRT engines too: trt, rtx (TensorRT for RTX), none, or auto for what is installed, "
        "where there is a GPU (auto)",
    )
    parser.add_argument(
        "--engines-only",
        metavar="BUNDLE",
        help="export nothing: build the engines of this bundle, on its target",
    )


def add_engines(bundle: Bundle, choice: str) -> None:
    """Build the engines of a bundle that was just exported.

    Args:
        bundle: a complete one.
        choice: "none", or as in `build_bundle_engines`; under "auto" one line says why there are none.

    Raises what `build_bundle_engines` raises, for "trt" and "rtx" alone.
    """
    if choice == "none":
        return
    try:
        build_bundle_engines(bundle, choice)
    except ThermalSDKError as error:
        if choice != "auto":
            raise
        print(f"engines not built: {error.message}; build them on the target with --engines-only BUNDLE")


def build_bundle_engines(bundle: Bundle, choice: str) -> None:
    """Build the engines of every graph of a bundle, in half precision where it has that, and list them.

    Args:
        bundle: a shipped one or a folder.
        choice: "trt" or "rtx", or "auto" for what is installed, where there is a GPU.

    Raises:
        BackendUnavailable: there is no such flavour, or it cannot build here.
        PrecisionError: an engine has less half precision than its graphs ask for.
        EngineError: TensorRT refused a graph.
        MissingDependency: a package of the cache is not installed.
        OutputError: the cache cannot be written.
    """
    flavour = load_flavour(choice)
    target = _target(flavour, choice)
    cache = EngineCache()
    entries = build_engines(plan_engines(bundle, flavour, target), cache)
    print(f"engines of {flavour.name} {flavour.version} for {target} in {cache.folder}")
    table([engine_row(entry) for entry in entries])


def _target(flavour: Flavour, choice: str) -> str:
    """What to build for. Portable engines, which the backend never loads, are for those who name rtx."""
    return flavour.target(CudaDriver().gpu(0)) if choice == "auto" else build_target(flavour)
