"""What detail and what time it costs to show a bundle's networks frames at less than their own size.

python benchmarks/processing_resolution.py [--data runs/data/msrs] [--frames 59] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from common.report import leave
from common.scored import cases, measure

from thermalsdk import Synthesizer

#: Of frames of 480 pixels' height the whole, a half and a third.
RESOLUTIONS = (480, 240, 160)


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a prepared dataset with class maps; default: scenes")
    parser.add_argument("--frames", type=int, default=59)
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--quick", action="store_true", help="few frames")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    count = 4 if args.quick else args.frames
    with ExitStack() as stack:
        ways = {
            str(resolution): stack.enter_context(
                Synthesizer.load(args.bundle, processing_resolution=resolution)
            )
            for resolution in RESOLUTIONS
        }
        frames = list(cases(args.data, count, 1.0))
        rows = measure(ways, frames)
    source = "procedural scenes" if args.data is None else args.data.name
    leave({"source": source, "frames": len(frames), "resolutions": rows}, args.json)


if __name__ == "__main__":
    main()
