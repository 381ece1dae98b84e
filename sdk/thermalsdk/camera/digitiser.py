"""From radiance to counts, and from counts to kelvin: what the converter's steps and limits leave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.camera.config import Digitiser
from thermalsdk.radiometry import Band


class Converter:
    """An analogue-digital converter, linear in radiance."""

    def __init__(self, config: Digitiser, band: Band) -> None:
        self.low, self.high = band.radiance_at(config.low_kelvin), band.radiance_at(config.high_kelvin)
        self._highest = 2**config.bits - 1
        levels = np.linspace(self.low, self.high, self._highest + 1).astype(np.float32)
        self._kelvin = np.zeros(65536, np.float32)  # an entry for every uint16
        self._kelvin[: len(levels)] = band.kelvin(levels)

    def counts(self, radiance: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
        """Whole counts of radiance, cut at the converter's limits: uint16 HxW."""
        counts = radiance - np.float32(self.low)
        counts *= np.float32(self._highest / (self.high - self.low))
        np.rint(counts, out=counts)
        np.clip(counts, 0, self._highest, out=counts)
        return counts.astype(np.uint16)

    def kelvin(self, counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        """Apparent temperature of counts: float32 HxW."""
        return compositing.take(counts, self._kelvin)
