"""Arrays by name in one file, read through memory maps: sets larger than the memory are read like small ones.

FILE holds the arrays one after the other, FILE.json their places. Both are complete or absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermalsdk.partial import write_whole

#: Arrays start at multiples of this many bytes.
ALIGNMENT = 64


class ArrayFile(Mapping[str, NDArray]):
    """Read-only arrays of a file that `write_arrays` left.

    The operating system keeps what is read often in memory, and no more than there is.
    """

    def __init__(self, path: Path) -> None:
        self._places = json.loads(_places(path).read_text())
        self._bytes = np.memmap(path, np.uint8, "r")

    def __getitem__(self, name: str) -> NDArray:
        place = self._places[name]
        shape, dtype = tuple(place["shape"]), np.dtype(place["dtype"])
        return np.ndarray(shape, dtype, buffer=self._bytes, offset=place["offset"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def write_arrays(path: Path, arrays: Iterable[tuple[str, NDArray]]) -> None:
    """Write arrays as they come, one at a time in memory.

    Processes that write the same file at the same time do not disturb each other: the last one's stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    places = {}

    def save(partial: Path) -> None:
        with partial.open("wb") as file:
            for name, array in arrays:
                file.write(bytes(-file.tell() % ALIGNMENT))
                places[name] = {"offset": file.tell(), "shape": array.shape, "dtype": array.dtype.str}
                file.write(np.ascontiguousarray(array).data)

    write_whole(path, save)
    write_whole(_places(path), lambda partial: partial.write_text(json.dumps(places)))


def is_written(path: Path) -> bool:
    """Whether `write_arrays` has finished the file."""
    return path.exists() and _places(path).exists()


def _places(path: Path) -> Path:
    return path.with_name(path.name + ".json")
