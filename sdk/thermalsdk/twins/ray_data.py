"""Conversion by the machines of a Ray cluster, which share the folders."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from thermalsdk import errors
from thermalsdk.errors import MissingDependency, ThermalSDKError, WorkerError
from thermalsdk.twins.converter import Converter

LOCAL, _AUTO = "local", "auto"
#: Blocks of pictures for each worker: what is done again when a worker dies is one block at most, and in
#: it only what has no twin yet.
_BLOCKS = 8
#: Columns of a row.
_PICTURE, _ERROR = "picture", "error"
#: How long the head of a cluster may take to answer; Ray itself would try for two minutes.
_ANSWER_S = 5.0


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
        rows = ray.data.from_items(
            [{_PICTURE: str(picture)} for picture in pictures],
            override_num_blocks=min(len(pictures), _BLOCKS * workers),
        ).map(
            _Worker,
            fn_constructor_args=(make_converter,),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=threads,
        )
        for row in rows.iter_rows():
            _raise_error(row)
            yield Path(row[_PICTURE])
    except ray.exceptions.RayError as error:
        raise WorkerError(
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
    size = {"num_cpus": cpus, "include_dashboard": False} if address == LOCAL else {}
    try:
        if address not in (LOCAL, _AUTO):
            _check_answers(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **size)
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"there is no Ray cluster at {address}: {error}",
            "Start one with `ray start --head`, and give HOST:PORT as it says, `auto` on its machines, "
            "or `local`.",
        ) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _check_answers(address: str) -> None:
    """Raise OSError or ValueError where HOST:PORT cannot be reached."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), _ANSWER_S).close()


class _Worker:
    """A process of the cluster; Ray Data makes another when it dies.

    Errors travel as columns: Ray keeps only the text of an exception.
    """

    def __init__(self, make_converter: Callable[[], Converter]) -> None:
        self._make_converter = make_converter
        self._converter: Converter | None = None

    def __call__(self, row: dict[str, str]) -> dict[str, str]:
        try:
            if self._converter is None:
                self._converter = self._make_converter()
            self._converter(Path(row[_PICTURE]))
        except ThermalSDKError as error:
            return {**row, _ERROR: type(error).__name__, "message": error.message, "hint": error.hint}
        return {**row, _ERROR: "", "message": "", "hint": ""}


def _raise_error(row: dict[str, str]) -> None:
    if row[_ERROR]:
        raise getattr(errors, row[_ERROR])(row["message"], row["hint"])
