"""Ctrl-C and SIGTERM: what is incomplete goes, and a recording without an end gets one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")
Handler = Callable[[int, FrameType | None], None]


class _Stopped(BaseException):
    """Takes a wait for the next item to its end."""


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, which `timeout` and containers send, raise KeyboardInterrupt as Ctrl-C does."""
    with _handling(signal.default_int_handler, signal.SIGTERM):
        yield


def until_interrupted(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Items of a source without an end: Ctrl-C or SIGTERM ends it, a second one interrupts as always.

    It ends after the item that is being used, or at once while the next one is waited for: a camera that is
    away may never send it. Close it when leaving early: the handlers stay until then.
    """
    stopped = waits = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True
        if waits:
            raise _Stopped

    left = iter(items)
    with _handling(stop, signal.SIGINT, signal.SIGTERM):
        while not stopped:
            try:
                waits = True
                item = next(left)
                waits = False
            except (StopIteration, _Stopped):
                return
            yield item


@contextmanager
def _handling(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # no other thread may set handlers
        yield
        return
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, former in zip(numbers, before, strict=True):
            signal.signal(number, former)
