"""`thermalsdk run FOLDER OUT --format ...`: the thermal twin of a data set."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from thermalsdk.cli.console import progress, report
from thermalsdk.cli.frame_maps import read_instance_names
from thermalsdk.cli.option_checks import check_folders, refuse_steadiness
from thermalsdk.cli.scene_options import open_camera, open_label_ids, open_temperatures
from thermalsdk.errors import OptionError
from thermalsdk.twins import (
    Places,
    Recipe,
    TwinJob,
    convert_in_processes,
    convert_on_ray,
    open_layout,
)
from thermalsdk.video.opening import local


def make_twins(options: argparse.Namespace) -> None:
    """Convert the data set, or what is left of it."""
    check_folders(options)
    if options.side_by_side or options.max_frames:
        raise OptionError(
            "--side-by-side and --max-frames do not fit the annotations of a data set", "Leave them out."
        )
    refuse_steadiness(options)
    label_ids = open_label_ids(options, "--labels", options.labels)
    camera = open_camera(options)
    places = Places(
        source=Path(local(options.source)),
        display=Path(options.out),
        raw16=_path(options.raw16),
        kept_labels=_path(options.save_labels),
        labels=_path(options.labels),
        instances=_path(options.instances),
    )
    layout = open_layout(options.format or "folder", places.source)
    workers = options.workers or 1
    recipe = Recipe(
        bundle=options.bundle,
        device=options.device,
        backend=options.backend,
        precision=options.precision,
        threads=options.threads or _threads(workers, options.ray),
        processing_resolution=options.processing_resolution,
        palette=options.palette or ("white-hot" if camera is None else camera.config.palette),
        limits=options.limits,
        label_ids=label_ids,
        instance_names=None if places.instances is None else read_instance_names(places.instances),
        temperatures=open_temperatures(options),
        camera=None if camera is None else camera.config,
    )
    job = TwinJob(places, layout, recipe)
    start = time.perf_counter()
    try:
        converted = _converted(job, workers, recipe.threads or 1, options.ray)
        with redirect_stdout(sys.stderr):  # Ray prints what it has to say; stdout is for the report
            made = sum(1 for _ in progress(converted, len(job.todo), "thermal"))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from here") from None
    seconds = time.perf_counter() - start
    job.finish()
    report(
        {
            "out": options.out,
            "raw16": options.raw16,
            "pictures": len(layout.pictures),
            "made": made,
            "annotation_files": len(layout.annotations),
            "left_out": len(layout.left_out),
            "camera": None if camera is None else camera.config.name,
            "camera_hash": None if camera is None else camera.hash,
            "seconds": round(seconds, 1),
            "end_to_end_fps": round(made / seconds, 1),
        },
        options.json,
    )


def _converted(job: TwinJob, workers: int, threads: int, address: str | None) -> Iterator[Path]:
    if address is None:
        return convert_in_processes(job.make_converter, job.todo, workers)
    return convert_on_ray(job.make_converter, job.todo, address, workers, threads)


def _threads(workers: int, address: str | None) -> int | None:
    """Threads of a worker where the user names none: its share of this machine; one in a cluster."""
    if address is not None:
        return 1
    return None if workers == 1 else max(1, len(os.sched_getaffinity(0)) // workers)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
