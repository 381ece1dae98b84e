"""`thermalsdk run`: any source of colour frames to thermal video, pictures and kelvin."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import cast

from thermalsdk.cli.console import load, progress, report
from thermalsdk.cli.frame_maps import (
    CLASS_MAP,
    INSTANCE_MAP,
    MapFolder,
    MappedSource,
    open_label_sink,
    read_instance_names,
)
from thermalsdk.cli.interrupts import until_interrupted
from thermalsdk.cli.option_checks import refuse_steadiness
from thermalsdk.cli.pictures import side_by_side
from thermalsdk.cli.scene_options import open_camera, open_label_ids, open_temperatures
from thermalsdk.errors import OutputError, VideoError
from thermalsdk.formats import Provenance, ThermalImage, open_thermal_sink
from thermalsdk.frame import Frame
from thermalsdk.streaming import STEADINESS
from thermalsdk.video import BackgroundSink, Source, SourceFrame, open_display_sink, open_source
from thermalsdk.video.opening import local


def run(options: argparse.Namespace) -> None:
    """Convert the source. Every path is checked before the bundle is loaded."""
    label_ids = open_label_ids(options, "--labels", options.labels)
    camera = open_camera(options)
    set_temperatures = open_temperatures(options)
    source = open_source(options.source)
    total = _expected(source, options.max_frames)
    with ExitStack() as stack:
        stack.callback(source.close)
        if source.clock == "none":
            refuse_steadiness(options)
        _refuse_same(options.source, options.out, options.raw16, options.save_labels)
        source = _with_maps(source, total, options)
        names = None if options.instances is None else read_instance_names(Path(options.instances))
        display = stack.enter_context(BackgroundSink(open_display_sink(options.out, source)))
        raw16 = saved_labels = None
        if options.raw16:
            raw16 = stack.enter_context(BackgroundSink(open_thermal_sink(options.raw16, source)))
        if options.save_labels:
            saved_labels = stack.enter_context(BackgroundSink(open_label_sink(Path(options.save_labels))))
        synthesizer = stack.enter_context(load(options))
        provenance = Provenance.of(synthesizer.info, None if camera is None else camera.hash)
        palette = options.palette or (camera.config.palette if camera is not None else "white-hot")
        stream = synthesizer.stream(
            source,
            policy="latest" if source.clock == "live" else "all",
            label_ids=label_ids,
            instance_names=names,
            temperatures=set_temperatures or "auto",
            camera=camera,
            steadiness=STEADINESS if options.steadiness is None else options.steadiness,
            follow_motion=options.follow_motion,
        )
        frames: Iterator[Frame] = stack.enter_context(closing(stream))
        if source.clock == "live":
            frames = stack.enter_context(closing(until_interrupted(stream)))
        start = time.perf_counter()
        milliseconds: list[float] = []
        dropped = 0
        broken: VideoError | None = None
        try:
            for frame in progress(islice(frames, options.max_frames), total, "thermal"):
                given = cast(SourceFrame, frame.source)  # all frames of a stream have one
                picture = frame.colorize(palette, options.limits)
                shown = side_by_side(given.rgb, picture) if options.side_by_side else picture
                display.write(shown, given.name, frame.index)
                if raw16 is not None:
                    raw16.write(ThermalImage.raw16(frame.raw16, provenance), given.name, frame.index)
                if saved_labels is not None:
                    saved_labels.write(frame.labels, given.name, frame.index)
                milliseconds.append(frame.timing.total)
                dropped += frame.dropped
        except VideoError as error:
            if source.clock != "live" or not milliseconds:
                raise
            broken = error  # what was recorded until then is whole, and stays
    seconds = time.perf_counter() - start  # the encoders' last frames included
    report(
        {
            "out": str(options.out),
            "raw16": options.raw16,
            "frames": len(milliseconds),
            "dropped": dropped,
            "camera": None if camera is None else camera.config.name,
            "camera_hash": None if camera is None else camera.hash,
            "frame_ms": round(statistics.median(milliseconds), 1),
            "end_to_end_fps": round(len(milliseconds) / seconds, 1),
        },
        options.json,
    )
    if broken is not None:
        raise broken


def _with_maps(source: Source, total: int | None, options: argparse.Namespace) -> Source:
    """The source with the maps of --labels and --instances. Raises VideoError."""
    if options.labels is None and options.instances is None:
        return source

    def opened(folder: str | None, kind: str) -> MapFolder | None:
        if folder is None:
            return None
        return MapFolder(Path(folder), kind, source, total, whole=options.max_frames is None)

    return MappedSource(source, opened(options.labels, CLASS_MAP), opened(options.instances, INSTANCE_MAP))


def _expected(source: Source, limit: int | None) -> int | None:
    if source.count is None or limit is None:
        return source.count or limit
    return min(source.count, limit)


def _refuse_same(source: str, *outputs: str | None) -> None:
    paths = [Path(local(source)).resolve(), *(Path(output).resolve() for output in outputs if output)]
    if len(set(paths)) < len(paths):
        raise OutputError(
            "IN, OUT, --raw16 and --save-labels are not different paths", "Give each its own path."
        )
