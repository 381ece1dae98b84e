"""Building engines with a bar for each, and showing them: for `thermalsdk cache` and `python -m export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermalsdk.cli.console import share_bar
from thermalsdk.engines import CacheEntry, EngineCache
from thermalsdk.engines.plan import PlannedEngine

_MEBIBYTE = 2**20


def build_engines(planned: Sequence[PlannedEngine], cache: EngineCache) -> list[CacheEntry]:
    """Build what the cache lacks; raises what `EngineCache.get` raises."""
    entries = []
    for number, engine in enumerate(planned, 1):
        with share_bar(f"{number}/{len(planned)} {engine.request.graph}") as progress:
            entries.append(cache.get(engine.request, engine.model, progress))
    return entries


def engine_row(entry: CacheEntry) -> dict[str, Any]:
    """What is worth showing of an engine; half shares are None where they are not known."""
    request, half = entry.request, entry.facts["half_share"]
    return {
        "graph": request.graph,
        "precision": request.precision,
        "flavour": request.flavour,
        "version": request.version,
        "target": request.target,
        "profiles": len(request.profiles),
        "mib": round(entry.size / _MEBIBYTE, 1),
        "build_s": entry.build_seconds,
        "half_declared": _rounded(half["declared"]),
        "half_verified": _rounded(half["verified"]),
        "key": request.key[:12],
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
