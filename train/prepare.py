"""Write a downloaded data set, corrected, in the canonical format (docs/formats.md)."""

import argparse
from pathlib import Path

from train.data import Dataset
from train.data.errors import DatasetError
from train.data.sources import SOURCES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("source", choices=sorted(SOURCES), help="which set SRC holds")
    parser.add_argument("src", type=Path, help="folder of the downloaded set")
    parser.add_argument("out", type=Path, help="folder to write; absent or empty")


def main(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments; returns the exit code. Raises DatasetError on bad data."""
    dataset = prepare(args.source, args.src, args.out)
    counts = ", ".join(f"{split} {len(dataset.stems(split))}" for split in ("train", "val", "test"))
    print(f"{args.out}: {dataset.name}, {counts} frames")
    return 0


def prepare(source: str, src: str | Path, out: str | Path) -> Dataset:
    """Write the set `source` found in `src` to `out`, complete or not at all, and open it.

    Raises DatasetError.
    """
    if source not in SOURCES:
        raise DatasetError(f"there is no source {source!r}", f"Use one of {', '.join(sorted(SOURCES))}.")
    SOURCES[source](Path(src), Path(out))
    return Dataset.open(out)
