"""Frames larger than those of training: what a bundle makes of them, seen reduced and whole, and how fast.

Validation frames are enlarged: nothing is seen on them that was not there before, so a bundle should make the
same of them at any size; all is scored at the original size. Procedural scenes are drawn at each size, with
all the detail that it has room for, and scored there.

python benchmarks/large_frames.py [--data runs/data/msrs] [--frames 16] [--bundle B] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from common.frames import WHOLE
from common.report import leave
from common.scored import cases, measure

from thermalsdk import Synthesizer

SCALES = (1.0, 1.5, 2.0, 3.0, 4.0)


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a prepared dataset with class maps; default: scenes")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--quick", action="store_true", help="few frames, and none above twice their size")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    count = 2 if args.quick else args.frames
    scales = [scale for scale in SCALES if scale <= 2 or not args.quick]
    with ExitStack() as stack:
        ways = {
            name: stack.enter_context(Synthesizer.load(args.bundle, processing_resolution=resolution))
            for name, resolution in (("reduced", None), ("whole", WHOLE))
        }
        rows = {}
        for scale in scales:
            frames = list(cases(args.data, count, scale))
            rows[scale] = {"height": frames[0].size[0]} | measure(ways, frames)
    source = "procedural scenes" if args.data is None else args.data.name
    leave({"source": source, "frames": len(frames), "scales": rows}, args.json)


if __name__ == "__main__":
    main()
