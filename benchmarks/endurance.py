"""A long stream at the pace of its source, under the policy "all": frames lost, and growth of memory.

A live source gives frames at a fixed rate whether or not anybody is ready; those that are not taken at once
wait in its queue, as a camera's driver lets them. Memory is the resident set of the process: its mean over
the second tenth of the frames against its mean over the last.

python benchmarks/endurance.py [--minutes 10] [--rate 15] [--data runs/data/msrs] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common.frames import load_cases
from common.report import leave

from thermalsdk import Synthesizer

SIZE = (480, 640)
PAGE_MIB = 4096 / 2**20


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=15.0, help="frames per second of the source")
    parser.add_argument(
        "--data", type=Path, help="a prepared dataset: its val frames; default: procedural scenes"
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--quick", action="store_true", help="20 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    seconds = 20.0 if args.quick else 60 * args.minutes
    camera = Camera([rgb for rgb, _ in load_cases(args.data, 16, SIZE)], args.rate, seconds)
    leave(watch(args.bundle, camera), args.json)


class Camera:
    """Frames in turn, one every 1/rate seconds, made in a thread of its own."""

    def __init__(self, frames: list[np.ndarray], rate: float, seconds: float) -> None:
        self.frames = frames
        self.rate = rate
        self.count = round(rate * seconds)
        self.waiting: queue.Queue[np.ndarray] = queue.Queue()
        self.most_waiting = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        threading.Thread(target=self._film, daemon=True).start()
        for _ in range(self.count):
            yield self.waiting.get()

    def _film(self) -> None:
        start = time.monotonic()
        for index in range(self.count):
            time.sleep(max(0.0, start + index / self.rate - time.monotonic()))
            self.waiting.put(self.frames[index % len(self.frames)])
            self.most_waiting = max(self.most_waiting, self.waiting.qsize())


def watch(bundle: str, camera: Camera) -> dict[str, object]:
    """Stream the whole film and look at each frame's number, and at the memory."""
    memory, numbers, dropped = [], [], 0
    start = time.monotonic()
    with Synthesizer.load(bundle) as synth:
        for frame in synth.stream(iter(camera), policy="all"):
            numbers.append(frame.index)
            dropped += frame.dropped
            memory.append(resident_mib())
    tenth = max(1, len(memory) // 10)
    early, late = np.mean(memory[tenth : 2 * tenth]), np.mean(memory[-tenth:])
    return {
        "minutes": round((time.monotonic() - start) / 60, 2),
        "size": f"{SIZE[1]}x{SIZE[0]}",
        "rate": camera.rate,
        "filmed": camera.count,
        "received": len(numbers),
        "in_order": numbers == list(range(camera.count)),
        "dropped": dropped,
        "most_waiting": camera.most_waiting,
        "memory_mib": round(float(late), 1),
        "memory_growth": round(float(late / early - 1), 4),
    }


def resident_mib() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MIB


if __name__ == "__main__":
    main()
