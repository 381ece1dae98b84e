"""Conversion in this process, or in several of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from thermalsdk.errors import WorkerError
from thermalsdk.twins.converter import Converter

#: Pictures handed out for each worker, so that none waits for the next.
_WAITING = 3


def convert_in_processes(
    make_converter: Callable[[], Converter], pictures: Sequence[Path], workers: int
) -> Iterator[Path]:
    """Convert pictures and yield each when its twins are complete.

    Args:
        make_converter: makes a worker's converter; can be pickled.
        pictures: paths below the source.
        workers: number of processes; 1 stays in this one.

    Raises WorkerError when a process is killed, and all that a converter raises.
    """
    if workers == 1:
        yield from _convert_here(make_converter, pictures)
        return
    # ONNX Runtime's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(make_converter,))
    try:
        left = iter(pictures)
        running = {pool.submit(_convert, picture) for picture in islice(left, _WAITING * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(_convert, picture) for picture in islice(left, len(done))}
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process was killed, most often because the memory was full",
            "Run the same command again with fewer --workers; it goes on from here.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _convert_here(make_converter: Callable[[], Converter], pictures: Sequence[Path]) -> Iterator[Path]:
    if not pictures:
        return
    with make_converter() as converter:
        for picture in pictures:
            converter(picture)
            yield picture


class _Worker:
    """State of a worker process."""

    make_converter: Callable[[], Converter]
    converter: Converter | None = None


def _begin(make_converter: Callable[[], Converter]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Worker.make_converter = make_converter


def _end_with_parent() -> None:
    """Leave when the parent was killed: nobody would ever hand out another picture."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _convert(picture: Path) -> Path:
    if _Worker.converter is None:  # here and not in _begin, so that its errors reach the caller
        _Worker.converter = _Worker.make_converter()
    _Worker.converter(picture)
    return picture
