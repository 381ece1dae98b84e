"""Batches of the next steps, drawn by other processes while this one trains (PyTorch's DataLoader)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

Batch = TypeVar("Batch")


class ReadAhead(Generic[Batch]):
    """Calls `draw` for step after step, ahead of time; the batch of a step does not depend on who draws it.

    Args:
        draw: batch of a step, a function of its index alone.
        total: steps of the run.
        workers: processes that draw; 0: the caller's own, at the moment of the call.
    """

    def __init__(self, draw: Callable[[int], Batch], total: int, workers: int) -> None:
        self._draw, self._total, self._workers = draw, total, workers
        self._next: int | None = None
        self._batches: Iterator[Batch] = iter(())
        #: Seconds that the caller waited for the last batch.
        self.waited = 0.0

    def __call__(self, index: int) -> Batch:
        """The batch of a step; indices must follow each other, or reading starts anew."""
        start = time.perf_counter()
        if index != self._next:
            self._batches = iter(self._loader(index))
        self._next = index + 1
        batch = next(self._batches)
        self.waited = time.perf_counter() - start
        return batch

    def _loader(self, first: int) -> DataLoader:
        return DataLoader(
            _Steps(self._draw, self._total),
            batch_size=None,
            sampler=range(first, self._total),
            num_workers=self._workers,
            collate_fn=_as_it_is,
            # Else it draws a number from the global generator, which a resumed run would notice.
            generator=torch.Generator(),
            multiprocessing_context="fork" if self._workers else None,
            worker_init_fn=_use_one_thread,
        )


class _Steps(Dataset[Batch]):
    """What DataLoader takes: a batch by the step's index."""

    def __init__(self, draw: Callable[[int], Batch], total: int) -> None:
        self._draw, self._total = draw, total

    def __getitem__(self, index: int) -> Batch:
        return self._draw(index)

    def __len__(self) -> int:
        return self._total


def _use_one_thread(worker: int) -> None:
    """OpenCV's threads do not survive the fork, and it would wait for them; PyTorch has seen to its own."""
    cv2.setNumThreads(0)


def _as_it_is(batch: Batch) -> Batch:
    return batch
