"""Frames a second of a stream that nobody waits for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from thermalsdk.bench.measure import BenchFrame
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.video import SourceFrame
from thermalsdk.video.source import ClockKind, numbered_name

_RATE = 30.0


def throughput(
    synthesizer: Synthesizer,
    frames: Sequence[BenchFrame],
    count: int,
    warmup: int,
    in_flight: int | None = None,
) -> float:
    """Frames a second that a stream makes of a recording, from the first frame after the warm-up to the last.

    Args:
        synthesizer: loaded.
        frames: used again from the start when there are fewer than needed; the temperatures are the first's.
        count: frames that count.
        warmup: frames that do not, at least one.
        in_flight: as `Synthesizer.stream` takes it.
    """
    recording = _Recording(frames, warmup + count)
    stream = synthesizer.stream(
        recording, policy="all", temperatures=frames[0].temperatures, in_flight=in_flight
    )
    deque(islice(stream, warmup), maxlen=0)
    start = time.perf_counter()
    deque(stream, maxlen=0)
    return count / (time.perf_counter() - start)


class _Recording:
    """Frames in memory with the clock of a file. Implements `Source`."""

    clock: ClockKind = "file"
    rate: float | None = _RATE
    single = False

    def __init__(self, frames: Sequence[BenchFrame], count: int) -> None:
        self._frames = frames
        self.count: int | None = count

    def __iter__(self) -> Iterator[SourceFrame]:
        for index, frame in enumerate(islice(cycle(self._frames), self.count)):
            yield SourceFrame(frame.rgb, index, index / _RATE, numbered_name(index), labels=frame.labels)

    def close(self) -> None:
        """Do nothing: there is no file."""
