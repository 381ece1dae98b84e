"""Linear automatic gain: the temperatures that become black and white."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError
from thermalsdk.temperatures.limits import CELSIUS_ZERO, KELVIN_RANGE

#: Share of the pixels, in percent, that saturates at each end of the display.
CLIPPED = 1.0
#: A flat scene is not stretched into noise: the display never spans less than this.
MIN_SPAN_KELVIN = 2.0
#: The limits come from every fourth pixel of every fourth row; a percentile needs no more.
STEP = 4


def gain_limits(kelvin: npt.NDArray[np.float32], clipped: float = CLIPPED) -> tuple[float, float]:
    """Temperatures shown as 0 and 255: a low and a high percentile, at least 2 K apart.

    Args:
        kelvin: float32 HxW.
        clipped: share of the pixels, in percent, below the one and above the other; 0 for the extremes.
    """
    sample = kelvin[::STEP, ::STEP] if clipped > 0 else kelvin
    low, high = (float(limit) for limit in np.percentile(sample, (clipped, 100.0 - clipped)))
    missing = max(0.0, MIN_SPAN_KELVIN - (high - low)) / 2
    return low - missing, high + missing


def check_limits(limits: tuple[float, float]) -> tuple[float, float]:
    """Kelvin shown as 0 and 255, if they are two rising temperatures. Raises OptionError."""
    try:
        low, high = (float(limit) for limit in limits)
        rise = math.isfinite(high - low) and low < high
    except (TypeError, ValueError):
        rise = False
    if not rise:
        raise OptionError(f"limits={limits!r}", "Give two rising temperatures in kelvin: (270.0, 310.0).")
    if high < KELVIN_RANGE[0]:
        raise OptionError(
            f"limits={limits!r}, and nothing is that cold",
            f"They are kelvin: {low:g} to {high:g} °C would be "
            f"{low + CELSIUS_ZERO:.2f} to {high + CELSIUS_ZERO:.2f}.",
        )
    return low, high


class AutoGain:
    """Gain limits of a stream, which follow the scene slowly so that the picture does not flicker.

    Args:
        damping: share of the previous limits that stays at each frame, 0 for none.
        clipped: as for `gain_limits`.
    """

    def __init__(self, damping: float = 0.9, clipped: float = CLIPPED) -> None:
        self._damping = damping
        self._clipped = clipped
        self._limits: tuple[float, float] | None = None

    def __call__(self, kelvin: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Limits for the next frame (float32 HxW, kelvin), which also move the state."""
        low, high = gain_limits(kelvin, self._clipped)
        if self._limits is not None:
            keep = self._damping
            low = keep * self._limits[0] + (1 - keep) * low
            high = keep * self._limits[1] + (1 - keep) * high
        self._limits = (low, high)
        return self._limits
