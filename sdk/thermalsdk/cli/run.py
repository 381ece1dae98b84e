"""`thermalsdk run`: any source of colour frames to thermal video, pictures and kelvin."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from thermalsdk.camera import Camera
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
from thermalsdk.video.display_sinks import Picture
from thermalsdk.video.opening import local


def run(options: argparse.Namespace) -> None:
    """Convert the source. Every path is checked before the bundle is loaded."""
    label_ids = open_label_ids(options, "--labels", options.labels)
    camera = open_camera(options)
    camera_hash = None if camera is None else camera.hash
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
        sinks = _Sinks.open(options, source, stack)
        synthesizer = stack.enter_context(load(options))
        look = _Look.of(options, camera, Provenance.of(synthesizer.info, camera_hash))
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
        shown = progress(islice(frames, options.max_frames), total, "thermal")
        tally = _write_all(shown, sinks, look, keep=source.clock == "live")
    seconds = time.perf_counter() - start  # the encoders' last frames included
    report(
        {
            "out": str(options.out),
            "raw16": options.raw16,
            "frames": len(tally.milliseconds),
            "dropped": tally.dropped,
            "camera": None if camera is None else camera.config.name,
            "camera_hash": camera_hash,
            "frame_ms": round(statistics.median(tally.milliseconds), 1),
            "end_to_end_fps": round(len(tally.milliseconds) / seconds, 1),
        },
        options.json,
    )
    if tally.broken is not None:
        raise tally.broken


@dataclass(frozen=True)
class _Look:
    """How a frame becomes what is written."""

    palette: str
    limits: tuple[float, float] | None
    beside_colours: bool
    provenance: Provenance

    @classmethod
    def of(cls, options: argparse.Namespace, camera: Camera | None, provenance: Provenance) -> _Look:
        palette = options.palette or (camera.config.palette if camera is not None else "white-hot")
        return cls(palette, options.limits, options.side_by_side, provenance)

    def picture(self, frame: Frame, rgb: Picture) -> Picture:
        """What people look at, of a frame that was made of these colours."""
        picture = frame.colorize(self.palette, self.limits)
        return side_by_side(rgb, picture) if self.beside_colours else picture


@dataclass(frozen=True)
class _Sinks:
    """Where frames go; None for what was not asked for."""

    display: BackgroundSink[Picture]
    raw16: BackgroundSink[ThermalImage] | None
    labels: BackgroundSink[npt.NDArray[np.uint8]] | None

    @classmethod
    def open(cls, options: argparse.Namespace, source: Source, stack: ExitStack) -> _Sinks:
        """Open them in a stack, which completes or removes them. Raises OutputError."""
        display = stack.enter_context(BackgroundSink(open_display_sink(options.out, source)))
        raw16 = saved_labels = None
        if options.raw16:
            raw16 = stack.enter_context(BackgroundSink(open_thermal_sink(options.raw16, source)))
        if options.save_labels:
            saved_labels = stack.enter_context(BackgroundSink(open_label_sink(Path(options.save_labels))))
        return cls(display, raw16, saved_labels)

    def write(self, frame: Frame, look: _Look) -> None:
        """Add a frame of a stream. Raises OutputError."""
        given = cast(SourceFrame, frame.source)  # all frames of a stream have one
        self.display.write(look.picture(frame, given.rgb), given.name, frame.index)
        if self.raw16 is not None:
            self.raw16.write(ThermalImage.raw16(frame.raw16, look.provenance), given.name, frame.index)
        if self.labels is not None:
            self.labels.write(frame.labels, given.name, frame.index)


@dataclass
class _Tally:
    """What was written, and the error that ended it."""

    milliseconds: list[float] = field(default_factory=list)
    dropped: int = 0
    broken: VideoError | None = None


def _write_all(frames: Iterable[Frame], sinks: _Sinks, look: _Look, *, keep: bool) -> _Tally:
    """Write every frame. keep: what was recorded before a source broke is whole, and stays."""
    tally = _Tally()
    try:
        for frame in frames:
            sinks.write(frame, look)
            tally.milliseconds.append(frame.timing.total)
            tally.dropped += frame.dropped
    except VideoError as error:
        if not keep or not tally.milliseconds:
            raise
        tally.broken = error
    return tally


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
