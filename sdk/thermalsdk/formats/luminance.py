"""L8 and L16, the pixel formats of gz-sim's thermal camera, with its names and defaults.

Source: gz-sim, src/systems/thermal/ThermalSensor.cc, and gz-sensors, tutorials/thermal_camera.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError
from thermalsdk.formats.thermal_image import Counts, Provenance, ThermalImage

#: gz-sim takes no finer steps in 8 bits (it changes them to 3 K with a warning; here they are refused).
_FINEST_L8 = 1.0


@dataclass(frozen=True)
class L16:
    """16-bit grey, ROS's mono16. Its defaults are those of `Frame.raw16`.

    Args:
        min_temp: kelvin; anything colder is written as this.
        max_temp: kelvin; anything hotter is written as this. None means the highest count.
        resolution: kelvin per count; 0 counts are 0 K.

    Raises OptionError for a range or resolution that makes no sense.
    """

    min_temp: float = 0.0
    max_temp: float | None = None
    resolution: float = 0.01

    dtype: ClassVar[type[np.unsignedinteger]] = np.uint16

    def __post_init__(self) -> None:
        if not (math.isfinite(self.resolution) and self.resolution > 0):
            raise OptionError(f"resolution={self.resolution} is not positive", "Give kelvin per count.")
        if not 0 <= self.min_temp < self.highest:
            raise OptionError(
                f"min_temp={self.min_temp} does not lie between 0 and {self.highest:g} K",
                "Give kelvin, the lower limit first; max_temp is at most what the counts reach.",
            )

    @property
    def highest(self) -> float:
        """Highest temperature that is told apart, in kelvin: max_temp, or that of the highest count."""
        reached = float(np.iinfo(self.dtype).max) * self.resolution
        return reached if self.max_temp is None else min(self.max_temp, reached)

    def encode(self, kelvin: npt.NDArray[np.float32]) -> Counts:
        """Counts of temperatures (float32 HxW), rounded half to even; NaN becomes min_temp."""
        known = np.nan_to_num(kelvin, nan=self.min_temp, posinf=np.inf, neginf=-np.inf)
        # The reciprocal makes L16() equal to Frame.raw16 in every bit: 1 / 0.01 is exactly 100.
        counts = np.clip(known, self.min_temp, self.highest) * np.float32(1 / self.resolution)
        return np.rint(counts).astype(self.dtype)

    def image(self, kelvin: npt.NDArray[np.float32], provenance: Provenance) -> ThermalImage:
        """Image of temperatures: float32 HxW."""
        return ThermalImage(self.encode(kelvin), self.resolution, 0.0, provenance)


@dataclass(frozen=True)
class L8(L16):
    """8-bit grey, ROS's mono8: 3 K per count, up to 765 K. A resolution below 1 K is refused."""

    resolution: float = 3.0

    dtype: ClassVar[type[np.unsignedinteger]] = np.uint8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resolution < _FINEST_L8:
            raise OptionError(f"resolution={self.resolution} is too fine for 8 bits", "Use L16, or 1 K.")
