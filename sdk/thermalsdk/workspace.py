"""Memory that is used again frame after frame: taking it anew costs more than what is written into it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


class Workspace:
    """Float32 arrays by name. What an array holds is left from the frame before: finite, otherwise anything.

    A name keeps the largest memory that it was ever asked for. One thread may use it at a time.
    """

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[np.float32]] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """C-contiguous memory of this name in this shape; it is shared with what the name gave before."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = np.zeros(size, np.float32)
        return memory[:size].reshape(shape)

    @property
    def bytes(self) -> int:
        """How much it holds."""
        return sum(memory.nbytes for memory in self._memory.values())
