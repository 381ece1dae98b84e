"""The composition: native against the NumPy reference and against copying as many bytes.

Both of its steps count: the sums that each region adds to its objects' means, and the composition itself. All
are timed in turn in one run, so that the ratios hold on a busy machine too. The copy moves as many bytes as
the composition must at least read (thermal labels, one contrast) and write (kelvin): 12 per pixel, and those
of the objects' runs. A second copy, of 64 MiB, is too large for any cache: it shows the memory's bandwidth.

python benchmarks/composite.py [--size 512x512] [--threads 2] [--repeats 200] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thermalsdk.compositing import ObjectMap, composite, contrast_sums, reference
from thermalsdk.regions import Regions, plan_regions
from thermalsdk.scenes import StreetScene
from thermalsdk.tolerances import COMPOSITE_KELVIN

BYTES_PER_PIXEL = 4 + 4 + 4
BYTES_PER_RUN = 16
CLASSES = 10
CONTRAST_KELVIN = 10.0
FEATHER = 2
GROWTH = 16
LARGE = 64 << 20


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="512x512", metavar="WxH")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    report = measure(height, width, args.threads, 20 if args.quick else args.repeats)
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


def measure(height: int, width: int, threads: int, repeats: int) -> dict[str, object]:
    """Medians in milliseconds, and ratios of medians, on one procedural street frame."""
    street = Street.drawn(height, width)
    out = np.empty((height, width), np.float32)
    difference = street.composed(1, out) - street.specified()
    if not COMPOSITE_KELVIN.accepts(difference):
        raise SystemExit(f"native and reference differ by {np.abs(difference).max()} K")
    moved = street.least_bytes // 2  # a copy reads and writes each byte
    memory_ms = medians([copying(LARGE, 1)], max(3, repeats // 20))[0]
    with ThreadPoolExecutor(threads) as pool:
        native_ms, copy_ms = medians([lambda: street.composed(1, out), copying(moved, 1)], repeats)
        native_threads_ms, copy_threads_ms = medians(
            [lambda: street.composed(threads, out), copying(moved, threads, pool)], repeats
        )
    native_again_ms, reference_ms = medians(
        [lambda: street.composed(1, out), street.specified], max(3, repeats // 20)
    )
    classes = len(np.unique(street.labels))
    return {
        "frame": f"{width}x{height}, {classes} classes, {street.objects.count} objects",
        "bytes": 2 * moved,
        "one_thread": {
            "native_ms": round(native_ms, 3),
            "gigabytes_per_second": round(2 * moved / native_ms / 1e6, 2),
            "reference_ms": round(reference_ms, 1),
            "times_faster_than_reference": round(reference_ms / native_again_ms, 1),
            "copy_ms": round(copy_ms, 3),
            "share_of_copy_bandwidth": round(copy_ms / native_ms, 2),
            "share_of_memory_bandwidth": round(memory_ms * moved / LARGE / native_ms, 2),
        },
        f"threads_{threads}": {
            "native_ms": round(native_threads_ms, 3),
            "copy_ms": round(copy_threads_ms, 3),
            "share_of_copy_bandwidth": round(copy_threads_ms / native_threads_ms, 2),
        },
    }


@dataclass(frozen=True)
class Street:
    """A procedural frame with random contrasts and a random temperature for each object."""

    labels: np.ndarray
    objects: ObjectMap
    regions: Regions
    planes: np.ndarray  # of contrasts, by class
    contrasts: np.ndarray  # the regions' parts of these, one after another
    sums: np.ndarray
    thermal_labels: np.ndarray

    @classmethod
    def drawn(cls, height: int, width: int) -> Street:
        """The frame; both sides are multiples of 8."""
        labels = StreetScene(1, height, width).render(2.0).labels
        objects = ObjectMap(FEATHER)
        objects.analyse(labels)
        rng = np.random.default_rng(1)
        regions = plan_regions(labels, CLASSES, GROWTH)
        planes = rng.uniform(-1, 1, (CLASSES, height, width)).astype(np.float32)
        parts = [planes[run.class_id][run.box.cells(1)].ravel() for run in regions.runs]
        sums = np.empty((len(parts), objects.count), np.float32)
        temperatures = rng.uniform(270, 320, objects.count).astype(np.float32)
        return cls(labels, objects, regions, planes, np.concatenate(parts), sums, temperatures[objects.ids()])

    def composed(self, threads: int, out: np.ndarray) -> np.ndarray:
        """Kelvin, by the native module."""
        for index in range(len(self.regions.runs)):
            contrast_sums(self.objects, self.regions.rows, index, self.contrasts, self.sums)
        return composite(
            self.objects,
            self.regions.rows,
            self.contrasts,
            self.sums,
            self.thermal_labels,
            CONTRAST_KELVIN,
            threads,
            out,
        )

    def specified(self) -> np.ndarray:
        """Kelvin, by the reference."""
        return reference.composite(
            self.labels, self.objects.ids(), self.planes, self.thermal_labels, CONTRAST_KELVIN, FEATHER
        )

    @property
    def least_bytes(self) -> int:
        """What the composition must at least read and write."""
        ends = np.diff(self.objects.ids(), axis=1) != 0
        runs = len(ends) + int(np.count_nonzero(ends))
        return BYTES_PER_PIXEL * self.labels.size + BYTES_PER_RUN * runs


def copying(size: int, threads: int, pool: ThreadPoolExecutor | None = None) -> Callable[[], None]:
    """A call that copies `size` bytes, a piece per thread."""
    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    if pool is None:
        return lambda: np.copyto(target, source)
    pieces = [slice(size * i // threads, size * (i + 1) // threads) for i in range(threads)]
    return lambda: list(pool.map(lambda piece: np.copyto(target[piece], source[piece]), pieces)).clear()


def medians(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Median milliseconds of each call; the calls take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats + 1):
        for samples, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            samples.append((time.perf_counter() - start) * 1e3)
    return [statistics.median(samples[1:]) for samples in times]  # the first round warms up


if __name__ == "__main__":
    main()
