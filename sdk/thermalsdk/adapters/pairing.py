"""Images of two sensors brought together by the number of their frame or their time."""

from __future__ import annotations

from typing import Generic, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")
Item = TypeVar("Item")


class Pairing(Generic[First, Second]):
    """Pairs items of two streams that carry the same key.

    Keys grow within each stream, as frame numbers and time stamps do. So once a pair is complete, older items
    that still wait can have no partner any more. They are given up and counted, and so is the first to
    come when more than `capacity` wait.

    Attributes:
        unmatched: items given up so far.
    """

    def __init__(self, capacity: int = 16) -> None:
        self._capacity = capacity
        self._first: dict[int, First] = {}
        self._second: dict[int, Second] = {}
        self.unmatched = 0

    @property
    def waiting(self) -> int:
        """Items that wait for their partner."""
        return len(self._first) + len(self._second)

    def add_first(self, key: int, item: First) -> tuple[First, Second] | None:
        """Add an item of the first stream; the pair, when that completes one."""
        if key not in self._second:
            self._wait(self._first, key, item)
            return None
        return item, self._complete(self._second, key)

    def add_second(self, key: int, item: Second) -> tuple[First, Second] | None:
        """Add an item of the second stream; the pair, when that completes one."""
        if key not in self._first:
            self._wait(self._second, key, item)
            return None
        return self._complete(self._first, key), item

    def clear(self) -> None:
        """Give up and count all items that wait, as before keys that begin anew."""
        self.unmatched += self.waiting
        self._first.clear()
        self._second.clear()

    def _wait(self, waiting: dict[int, Item], key: int, item: Item) -> None:
        if key in waiting:  # a repeated stamp: only one of the two can get the partner
            self.unmatched += 1
        waiting[key] = item
        if len(waiting) > self._capacity:
            del waiting[next(iter(waiting))]
            self.unmatched += 1

    def _complete(self, waiting: dict[int, Item], key: int) -> Item:
        partner = waiting.pop(key)
        for side in (self._first, self._second):
            for older in [other for other in side if other < key]:
                del side[older]
                self.unmatched += 1
        return partner
