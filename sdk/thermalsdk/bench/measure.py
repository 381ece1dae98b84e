"""Time by stage over many frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thermalsdk.synthesizer import Synthesizer
from thermalsdk.temperatures import TemperatureChoice

STAGES = ("prepare", "segmenter", "temperatures", "encoder", "layers", "composite", "total")


@dataclass(frozen=True)
class BenchFrame:
    """One frame and what is given with it: labels are None where the bundle predicts them."""

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8] | None = None
    temperatures: TemperatureChoice = "auto"


@dataclass
class Measurement:
    """Milliseconds of every frame by stage, and of the rival's runs; warm-up not counted."""

    stages: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STAGES})
    rival: list[float] = field(default_factory=list)


def measure(
    synthesizer: Synthesizer,
    frames: Sequence[BenchFrame],
    count: int,
    warmup: int,
    rival: Callable[[npt.NDArray[np.uint8]], object] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Measurement:
    """Run `warmup` and then `count` frames, a rival after each where there is one.

    Args:
        synthesizer: loaded.
        frames: used again from the start when there are fewer than needed.
        count: frames that count.
        warmup: frames that do not.
        rival: called with each frame's rgb, uint8 HxWx3.
        progress: wraps the frame numbers, for a progress bar.
    """
    result = Measurement()
    for index in progress(range(warmup + count)):
        given = frames[index % len(frames)]
        frame = synthesizer(given.rgb, labels=given.labels, temperatures=given.temperatures)
        start = time.perf_counter()
        if rival is not None:
            rival(given.rgb)
        elapsed = (time.perf_counter() - start) * 1e3
        if index < warmup:
            continue
        for stage, values in result.stages.items():
            values.append(getattr(frame.timing, stage))
        if rival is not None:
            result.rival.append(elapsed)
    return result


def summarise(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile in milliseconds."""
    median, p95, p99 = np.percentile(milliseconds, (50, 95, 99))
    return {"median": round(float(median), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}
