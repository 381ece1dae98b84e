"""Conversion by the machines of a Ray cluster, which share the folders."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from thermalsdk.errors import MissingDependency, ThermalSDKError, WorkerError
from thermalsdk.twins.converter import Converter

LOCAL = "local"
#: Blocks of pictures for each worker: what is done again when a worker dies is one block at most, and in
#: it only what has no twin yet.
_BLOCKS = 8


def convert_on_ray(
    make_converter: Callable[[], Converter],
    pictures: Sequence[Path],
    address: str,
    workers: int,
    threads: int = 1,
) -> Iterator[Path]:
    """Convert pictures with Ray Data and yield each when its twins are complete.

    A worker that dies is replaced, and its pictures are converted by others.

    Args:
        make_converter: makes a worker's converter; can be pickled.
        pictures: paths below the source.
        address: of a running cluster ("auto", "HOST:6379"), or "local" for a cluster on this machine alone.
        workers: number of processes in the cluster.
        threads: CPUs that each needs.

    Raises MissingDependency, WorkerError when the cluster gives up, and all that a converter raises.
    """
    ray = _import_ray()
    if not pictures:
        return
    _start(ray, address, workers * threads)
    try:
        names = ray.data.from_items(
            [str(picture) for picture in pictures], override_num_blocks=min(len(pictures), _BLOCKS * workers)
        )
        rows = names.map(
            _worker_class(make_converter),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=threads,
        )
        for row in rows.iter_rows():
            yield Path(row["item"])
    except ray.exceptions.RayError as error:
        raise _own_error(error) or WorkerError(
            f"Ray gave up: {error}", "Run the same command again; it goes on from here."
        ) from error
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependency(
            f"Ray Data distributes the work, and it cannot be imported: {error}",
            "pip install 'thermalsdk[ray]'",
        ) from error
    return ray


def _start(ray: Any, address: str, cpus: int) -> None:
    """Join or start a cluster, which neither prints nor reports its usage to Ray's makers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        ray.init(num_cpus=cpus, **quiet)
    else:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError) as error:
            raise WorkerError(f"there is no Ray cluster at {address}: {error}", "Start it first.") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _worker_class(make_converter: Callable[[], Converter]) -> type:
    """Class of the workers; it holds its arguments itself, since Ray may lose those of a constructor."""

    class Worker:
        def __init__(self) -> None:
            self._convert = make_converter()

        def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
            self._convert(Path(row["item"]))
            return row

    return Worker


def _own_error(error: BaseException | None) -> ThermalSDKError | None:
    """The error that a worker raised, out of what Ray wraps around it."""
    while error is not None:
        if isinstance(error, ThermalSDKError):
            return error
        error = getattr(error, "cause", None) or error.__cause__
    return None
