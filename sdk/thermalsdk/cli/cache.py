"""`thermalsdk cache`: the engines of TensorRT that this user has."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from thermalsdk.bundle import Bundle
from thermalsdk.cli.console import report, table
from thermalsdk.cli.engines import build_engines, engine_row
from thermalsdk.engines import CacheEntry, EngineCache, build_target, load_flavour, plan_engines


def list_engines(options: argparse.Namespace) -> None:
    """Print every engine of the cache."""
    cache = EngineCache()
    _show(cache, cache.entries(), options.json)


def clear(options: argparse.Namespace) -> None:
    """Empty the cache and say how much that freed."""
    cache = EngineCache()
    report({"folder": str(cache.folder), "freed_mib": round(cache.clear() / 2**20, 1)}, options.json)


def build(options: argparse.Namespace) -> None:
    """Build every engine of a bundle that the cache lacks, then print them all."""
    bundle = Bundle.open(options.bundle)
    flavour = load_flavour(options.flavour)
    planned = plan_engines(bundle, flavour, build_target(flavour), options.precision)
    cache = EngineCache()
    _show(cache, build_engines(planned, cache), options.json)


def _show(cache: EngineCache, entries: Sequence[CacheEntry], as_json: bool) -> None:
    rows = [engine_row(entry) for entry in entries]
    total = {
        "folder": str(cache.folder),
        "engines": len(rows),
        "mib": round(sum(row["mib"] for row in rows), 1),
    }
    if as_json:
        report({**total, "engines": rows}, as_json)
        return
    table(rows)
    report(total, as_json)
