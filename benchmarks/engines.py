"""How long every engine of a bundle takes to build here, and what comes of it: size and half share.

python benchmarks/engines.py [--bundle street] [--flavour auto|trt|rtx] [--quick] [--json FILE]

The FP32 graphs, and the FP16 twins where the bundle has them, into an empty cache. Nothing is run: that needs
a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from common.report import leave

from thermalsdk.bundle import Bundle
from thermalsdk.cli.engines import engine_row
from thermalsdk.engines import EngineCache, Flavour, build_target, load_flavour, plan_engines
from thermalsdk.errors import BackendUnavailable


def main() -> None:
    """Build and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--flavour", choices=("auto", "trt", "rtx"), default="auto")
    parser.add_argument("--quick", action="store_true", help="the encoder and one layer alone")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    bundle = Bundle.open(args.bundle)
    try:
        flavour = load_flavour(args.flavour)
        target = build_target(flavour)
    except BackendUnavailable as error:
        leave({"engines": f"none built: {error.message}"}, args.json)
        return
    report = {
        precision: build(bundle, flavour, target, precision, 2 if args.quick else None)
        for precision in ("fp32", "fp16")
        if bundle.offers(precision)
    }
    leave({"flavour": f"{flavour.name} {flavour.version}", "target": target, **report}, args.json)


def build(bundle: Bundle, flavour: Flavour, target: str, precision: str, count: int | None) -> dict[str, Any]:
    """Seconds in all and by graph, sizes in MiB, and half shares, of the first `count` engines or all."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = EngineCache(Path(folder))
        start = time.perf_counter()
        for planned in plan_engines(bundle, flavour, target, precision)[:count]:
            row = engine_row(cache.get(planned.request, planned.model))
            rows[row.pop("graph")] = {
                name: row[name] for name in ("build_s", "mib", "profiles", "half_declared", "half_verified")
            }
        seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 1), "engines": rows}


if __name__ == "__main__":
    main()
