"""Work on the items of a stream at the same time, results in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    items: Iterable[Item], start: Callable[[Item], Future[Result]], ahead: int
) -> Generator[tuple[Item, Result], None, None]:
    """Each item with its result.

    Args:
        items: taken as they are needed, in the caller's thread.
        start: begins the work on one item, in the caller's thread too.
        ahead: items that are begun before the first one's result is handed out, itself included.

    What `items` or `start` raises comes after the results of all earlier items.
    """
    begun: deque[tuple[Item, Future[Result]]] = deque()
    failure: list[Exception] = []
    upcoming = _started(items, start, failure)
    begun.extend(islice(upcoming, ahead))
    while begun:
        item, work = begun.popleft()
        yield item, work.result()
        begun.extend(islice(upcoming, 1))
    if failure:
        raise failure[0]


def _started(
    items: Iterable[Item], start: Callable[[Item], Future[Result]], failure: list[Exception]
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Each item as soon as its work has begun; what goes wrong ends it and is put into `failure`."""
    try:
        for item in items:
            yield item, start(item)
    except Exception as error:
        failure.append(error)
