"""The gain of a camera's display, out of those that `thermalsdk.display` has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thermalsdk.camera.config import CameraConfig, Gain
from thermalsdk.display import AutoGain, LinearTone, PlateauGain, Tone

GainControl = Callable[[npt.NDArray[np.float32]], Tone]
#: What is shown without gain and digitiser: 8-bit steps over a whole radiometric picture.
_WHOLE_RANGE = (0.0, 655.35)


def open_gain(config: CameraConfig) -> GainControl:
    """A gain in its first state: a function from apparent temperatures, in order, to the tone of each."""
    gain = config.gain
    if gain is None:
        digitiser = config.digitiser
        limits = (digitiser.low_kelvin, digitiser.high_kelvin) if digitiser else _WHOLE_RANGE
        return lambda apparent: LinearTone(*limits)
    if gain.mode == "fixed":
        fixed = LinearTone(gain.low_kelvin, gain.high_kelvin)
        return lambda apparent: fixed
    if gain.mode == "plateau":
        return PlateauGain(
            gain.plateau_percent / 100, gain.linear_percent / 100, gain.clipped_percent, gain.damping
        )
    return _linear(gain)


def _linear(gain: Gain) -> GainControl:
    auto_gain = AutoGain(gain.damping, 0.0 if gain.mode == "linear" else gain.clipped_percent)
    return lambda apparent: LinearTone(*auto_gain(apparent))
