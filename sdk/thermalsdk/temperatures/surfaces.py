"""What a camera gets from surfaces that are not black: their own radiance, and what they mirror."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.radiometry import LONG_WAVE, Band


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Emissivity, and temperature of the mirrored surroundings, of every class of a bundle.

    Args:
        emissivity: float32 [classes], more than 0 and at most 1.
        reflected: float32 [classes], kelvin of a black body that shines like what the class mirrors.
    """

    emissivity: npt.NDArray[np.float32]
    reflected: npt.NDArray[np.float32]

    def radiance(
        self, kelvin: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], band: Band
    ) -> npt.NDArray[np.float32]:
        """E L(T) + (1 - e) L(T_reflected).

        Args:
            kelvin: surface temperature T, float32 HxW.
            labels: class map, uint8 HxW.
            band: the wavelengths that count.

        Returns float32 HxW, W m^-2 sr^-1.
        """
        mirrored = (1 - self.emissivity) * band.radiance(self.reflected)
        radiance = band.radiance(kelvin)
        radiance *= compositing.take(labels, by_id(self.emissivity))
        radiance += compositing.take(labels, by_id(mirrored))
        return radiance

    def apparent(
        self, kelvin: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], band: Band = LONG_WAVE
    ) -> npt.NDArray[np.float32]:
        """Temperature of the black bodies that send the same radiance: float32 HxW, kelvin."""
        return band.kelvin(self.radiance(kelvin, labels, band))


def by_id(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A table with an entry for every uint8, NaN for those without a class: float32 [256]."""
    return np.pad(values, (0, 256 - len(values)), constant_values=np.nan)
