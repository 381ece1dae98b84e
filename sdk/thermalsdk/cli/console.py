"""What the commands show: a progress bar, a report, and the synthesizer they share."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from thermalsdk.cli.standard_output import takes_unicode
from thermalsdk.synthesizer import Synthesizer

_WIDTH = 30
#: Seconds between two drawings of the bar.
_REDRAW_S = 0.1

Item = TypeVar("Item")


def load(options: argparse.Namespace) -> Synthesizer:
    """Load the synthesizer that the common options ask for."""
    return Synthesizer.load(
        options.bundle,
        device=options.device,
        backend=options.backend,
        precision=options.precision,
        threads=options.threads,
        processing_resolution=options.processing_resolution,
    )


def progress(items: Iterable[Item], total: int | None, label: str) -> Generator[Item, None, None]:
    """Yield the items and draw a bar on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    start = drawn = time.monotonic()
    done = 0
    try:
        for item in items:
            yield item
            done += 1
            now = time.monotonic()
            if now - drawn > _REDRAW_S or done == total:
                drawn = now
                sys.stderr.write("\r" + _bar(label, done, total, done / (now - start)))
                sys.stderr.flush()
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


@contextmanager
def share_bar(label: str) -> Iterator[Callable[[float], None]]:
    """Give a function that draws a share, 0 to 1, as a bar on stderr, where that is a terminal."""

    def draw(share: float) -> None:
        filled = min(_WIDTH, int(_WIDTH * share))
        sys.stderr.write(f"\r{label} |{'█' * filled}{'·' * (_WIDTH - filled)}| {share:.0%} ")
        sys.stderr.flush()

    if not sys.stderr.isatty():
        yield lambda share: None
        return
    try:
        yield draw
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def _bar(label: str, done: int, total: int | None, rate: float) -> str:
    if total is None:
        return f"{label} {done} frames, {rate:.1f} FPS "
    filled = min(_WIDTH, _WIDTH * done // total)
    return f"{label} |{'█' * filled}{'·' * (_WIDTH - filled)}| {done}/{total}, {rate:.1f} FPS "


def report(values: dict[str, Any], as_json: bool) -> None:
    """Print facts on stdout: one a line, or as one JSON object."""
    if as_json:
        print(json.dumps(values, indent=1, ensure_ascii=not takes_unicode(sys.stdout)))
        return
    width = max(len(name) for name in values)
    for name, value in values.items():
        print(f"{name.replace('_', ' '):<{width}}  {_plain(value)}")


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows of equal fields on stdout, under the fields' names."""
    if not rows:
        return
    lines = [[name.replace("_", " ") for name in rows[0]]]
    lines += [[_plain(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else str(value)
