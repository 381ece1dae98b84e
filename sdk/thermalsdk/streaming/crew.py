"""Threads that each make a whole frame, on graphs that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from thermalsdk.frame import Frame
from thermalsdk.networks import Networks


class Crew:
    """Makes as many frames at the same time as it has networks; a context manager.

    A frame takes longer than with all threads to itself, and more of them come out: fewer threads wait for
    the slowest part of a step.
    """

    def __init__(self, networks: Sequence[Networks]) -> None:
        """Take the networks over."""
        self._networks = networks
        self._idle: SimpleQueue[Networks] = SimpleQueue()
        for each in networks:
            self._idle.put(each)
        self._pool = ThreadPoolExecutor(len(networks), "thermalsdk-frame")

    def start(self, make: Callable[[Networks], Frame]) -> Future[Frame]:
        """Have a frame made; frames are begun in the order in which they are asked for."""
        return self._pool.submit(self._work, make)

    def _work(self, make: Callable[[Networks], Frame]) -> Frame:
        networks = self._idle.get()
        try:
            return make(networks)
        finally:
            self._idle.put(networks)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what has not begun, wait for what has, and free the graphs."""
        self._pool.shutdown(cancel_futures=True)
        for networks in self._networks:
            networks.close()
