"""`python -m export`: write a training run as a bundle that `Synthesizer.load` takes."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from export.bundle import write_bundle
from export.engines import add_engine_options, build_bundle_engines
from export.quantize import labelled_sets
from export.run import load_run, newest_run
from thermalsdk.errors import BackendUnavailable, ThermalSDKError
from train.scenes_dataset import default_data

EXAMPLES = """examples:
  python -m export --int8 --data runs/data           with a segmenter in 8-bit integers too
  python -m export                                   the newest complete run in runs/ -> bundles/NAME
  python -m export --checkpoint runs/street --out bundles/mine --card docs/model-cards/street.md
"""


def main() -> int:
    """Entry point; returns the exit code: 0 done, 1 an error with its fix, 2 usage, 3 no such backend."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("export").setLevel(logging.INFO)
    parser = argparse.ArgumentParser(
        prog="python -m export",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="run directory (default: the newest complete run in runs/)"
    )
    parser.add_argument("--out", type=Path, help="the bundle's folder (default: bundles/NAME of the run)")
    parser.add_argument("--int8", action="store_true", help="write the segmenter in 8-bit integers too")
    parser.add_argument(
        "--data",
        type=Path,
        help="prepared sets that calibrate and judge --int8 (default: procedural scenes, as in training)",
    )
    parser.add_argument("--card", type=Path, help="model card (Markdown) to put into the bundle")
    add_engine_options(parser)
    args = parser.parse_args()
    try:
        if args.engines_only is not None:
            build_bundle_engines(args.engines_only, args.engines)
            return 0
        directory = args.checkpoint or newest_run(Path("runs"))
        run = load_run(directory)
        out = args.out or Path("bundles") / directory.name
        sets = labelled_sets(args.data or default_data()) if args.int8 else ()
        write_bundle(run, out, out.name, args.card, sets)
        build_bundle_engines(out, args.engines)
    except ThermalSDKError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3 if isinstance(error, BackendUnavailable) else 1
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
