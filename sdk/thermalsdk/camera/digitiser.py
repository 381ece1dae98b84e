"""From radiance to counts and back: what the converter's steps and limits leave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk.camera.config import Digitiser
from thermalsdk.radiometry import Band


class Converter:
    """An analogue-digital converter, linear in radiance."""

    def __init__(self, config: Digitiser, band: Band) -> None:
        self.low, self.high = band.radiance_at(config.low_kelvin), band.radiance_at(config.high_kelvin)
        self._step = np.float32((self.high - self.low) / (2**config.bits - 1))

    def quantise(self, radiance: npt.NDArray[np.float32]) -> None:
        """Round radiance HxW to whole counts and cut it at the converter's limits, in place."""
        np.clip(radiance, np.float32(self.low), np.float32(self.high), out=radiance)
        radiance -= np.float32(self.low)
        radiance /= self._step
        np.rint(radiance, out=radiance)
        radiance *= self._step
        radiance += np.float32(self.low)
