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
class Former:
    """The frame before.

    Args:
        colours: in the form that the filter compares.
        kelvin: float32 HxW, as it was filtered.
        labels: uint8 HxW, or None.
    """

    colours: npt.NDArray[Any]
    kelvin: Float32
    labels: Bytes | None


class TemporalFilter(ABC):
    """Filters the frames of one video, in order. Subclasses say where a frame keeps what.

    Args:
        keep: share of the former temperature that stays, 0 to less than 1.
    """

    def __init__(self, keep: float) -> None:
        self._keep = np.float32(keep)
        self._former: Former | None = None

    def __call__(self, rgb: Bytes, kelvin: Float32, labels: Bytes | None = None) -> Float32:
        """Filtered temperatures of the next frame.

        Args:
            rgb: uint8 HxWx3; a frame of another size than the one before starts anew.
            kelvin: float32 HxW.
            labels: uint8 HxW, a class map that does not flicker: a class keeps nothing of another. None where
                there is none.

        Returns float32 HxW, a new array.
        """
        colours = self._compared(rgb)
        filtered = kelvin.copy()
        if self._former is not None and self._former.kelvin.shape == kelvin.shape:
            filtered += self._kept(self._former, colours, kelvin, labels)
        # Copies: the frame's own arrays belong to whoever gets it.
        self._former = Former(colours, filtered.copy(), None if labels is None else labels.copy())
        return filtered

    @abstractmethod
    def _compared(self, rgb: Bytes) -> npt.NDArray[Any]:
        """The colours in the form that is compared with the next frame's."""

    @abstractmethod
    def _kept(
        self, former: Former, colours: npt.NDArray[Any], kelvin: Float32, labels: Bytes | None
    ) -> Float32:
        """What of the frame before is added to the temperatures: float32 HxW."""
