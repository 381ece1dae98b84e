"""From temperature to grey: a straight line, or a curve of its own for every centikelvin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing


class Tone(Protocol):
    """What an automatic gain has chosen for one frame."""

    def grey(self, kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Grey values of temperatures HxW, hot is white."""


@dataclass(frozen=True)
class LinearTone:
    """`low` kelvin is black, `high` is white."""

    low: float
    high: float

    def grey(self, kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Grey values, uint8 HxW."""
        return compositing.agc_linear(kelvin, self.low, self.high)


@dataclass(frozen=True, eq=False)
class EqualisedTone:
    """A grey value for every count of 0.01 K: uint8 [65536]."""

    levels: npt.NDArray[np.uint8]

    def grey(self, kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Grey values, uint8 HxW."""
        return compositing.take(compositing.raw16(kelvin), self.levels)
