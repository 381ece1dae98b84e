"""`thermalsdk bench`: frames per second of a bundle on this machine, stage by stage."""

from __future__ import annotations

import argparse
import time
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from thermalsdk.bench import (
    BenchFrame,
    Measurement,
    machine,
    measure,
    open_rival,
    peak_memory_mib,
    summarise,
    throughput,
)
from thermalsdk.cli.console import load, progress, report
from thermalsdk.scenes import SCENE_IDS, StreetScene
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.temperatures import Temperatures
from thermalsdk.video import open_source

#: Different frames of a source that are measured in turn.
_FRAMES = 16
_AMBIENT_KELVIN = 285.0


def bench(options: argparse.Namespace) -> None:
    """Measure and report."""
    width, height = options.size
    pictures = _pictures(options.source, width, height)
    start = time.perf_counter()
    with load(options) as synthesizer:
        load_ms = (time.perf_counter() - start) * 1e3
        frames = _frames(synthesizer, pictures, options)
        memory_mib = _own_memory(synthesizer, frames)
        rival = open_rival(options.against, synthesizer.info.threads) if options.against else None
        if rival is not None:
            for frame in frames:
                rival.prepare(frame.rgb)
        total = options.warmup + options.frames
        measured = measure(
            synthesizer,
            frames,
            options.frames,
            options.warmup,
            rival,
            lambda numbers: progress(numbers, total, "bench"),
        )
        stream_fps = throughput(synthesizer, frames, options.frames, max(1, options.warmup))
        info = synthesizer.info
    report(
        {
            **machine(),
            "bundle": info.name,
            "device": info.device,
            "precision": info.precision,
            "threads": info.threads,
            "size": f"{width}x{height}",
            "processing_resolution": info.processing_resolution,
            "given": "colours only" if options.rgb_only else "class map and temperatures",
            "frames": options.frames,
            "load_ms": round(load_ms, 1),
            "peak_memory_mib": round(memory_mib, 1),
            **_times(measured, options.against),
            "stream_fps": round(stream_fps, 1),
        },
        options.json,
    )


def _own_memory(synthesizer: Synthesizer, frames: list[BenchFrame]) -> float:
    """Peak of the process once it has made every frame, and has nothing of a rival yet."""
    for frame in frames:
        synthesizer(frame.rgb, labels=frame.labels, temperatures=frame.temperatures)
    return peak_memory_mib()


def _times(measured: Measurement, against: str | None) -> dict[str, Any]:
    stages = {f"{name}_ms": summarise(values) for name, values in measured.stages.items()}
    median = stages["total_ms"]["median"]
    times: dict[str, Any] = {**stages, "fps": round(1000 / median, 1)}
    if against:
        rival = summarise(measured.rival)
        times |= {"against": against, "against_ms": rival, "times_faster": round(rival["median"] / median, 2)}
    return times


def _pictures(source: str | None, width: int, height: int) -> list[tuple[Any, Any]]:
    """(rgb, class map or None) of every frame to measure."""
    if source is None:
        scenes = [StreetScene(seed, height, width).render(1.0) for seed in range(4)]
        return [(scene.rgb, scene.labels) for scene in scenes]
    opened = open_source(source)
    try:
        frames = [frame.rgb for frame in islice(opened, _FRAMES)]
    finally:
        opened.close()
    return [(np.asarray(Image.fromarray(rgb).resize((width, height))), None) for rgb in frames]


def _frames(
    synthesizer: Synthesizer, pictures: list[tuple[Any, Any]], options: argparse.Namespace
) -> list[BenchFrame]:
    """What is given with each picture; a source without class maps gets the segmenter's, before the clock."""
    if options.rgb_only:
        return [BenchFrame(rgb) for rgb, _ in pictures]
    ids = SCENE_IDS.lookup(synthesizer.info.classes)
    temperatures = Temperatures(ambient=_AMBIENT_KELVIN)
    return [
        BenchFrame(rgb, synthesizer(rgb).labels if labels is None else ids[labels], temperatures)
        for rgb, labels in pictures
    ]
