"""What every filter over time does: remember the frame before, and keep a share of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Told:
    """What the composition was told. It was set, or steadied before: what changes in it is no noise.

    Args:
        labels: class map uint8 HxW.
        kelvin: R, float32 HxW.
    """

    labels: Bytes
    kelvin: Float32


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame of a video, as a filter sees it.

    Args:
        colours: in the form that the filter compares.
        kelvin: float32 HxW.
        labels: uint8 HxW, a class map that does not flicker: a class keeps nothing of another. None where
            there is none.
        told: None where nobody knows it.
    """

    colours: npt.NDArray[Any]
    kelvin: Float32
    labels: Bytes | None
    told: Told | None


class TemporalFilter(ABC):
    """Filters the frames of one video, in order. Subclasses say where a frame keeps what.

    Args:
        keep: share of the former temperature that stays, 0 to less than 1.
    """

    def __init__(self, keep: float) -> None:
        self._keep = np.float32(keep)
        self._former: Moment | None = None

    def __call__(
        self, rgb: Bytes, kelvin: Float32, labels: Bytes | None = None, told: Told | None = None
    ) -> Float32:
        """Filtered temperatures of the next frame.

        Args:
            rgb: uint8 HxWx3; a frame of another size than the one before starts anew.
            kelvin: float32 HxW.
            labels, told: as a `Moment` has them.

        Returns float32 HxW, a new array.
        """
        now = Moment(self._compared(rgb), kelvin, labels, told)
        filtered = kelvin.copy()
        if self._former is not None and self._former.kelvin.shape == kelvin.shape:
            filtered += self._kept(self._former, now)
        # Copies: the frame's own arrays belong to whoever gets it.
        self._former = Moment(
            now.colours,
            filtered.copy(),
            None if labels is None else labels.copy(),
            None if told is None else Told(told.labels.copy(), told.kelvin.copy()),
        )
        return filtered

    @abstractmethod
    def _compared(self, rgb: Bytes) -> npt.NDArray[Any]:
        """The colours in the form that is compared with the next frame's."""

    @abstractmethod
    def _kept(self, former: Moment, now: Moment) -> Float32:
        """What of the frame before is added to the temperatures: float32 HxW."""


def changed_since(former: Told, now: Told) -> Float32:
    """By how much the temperature that was set has changed where the class is the same: float32 HxW."""
    return (former.labels == now.labels) * (now.kelvin - former.kelvin)
