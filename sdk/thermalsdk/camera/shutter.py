"""When a camera exposes: at its own rate, and not while the shutter is closed for a flat-field correction."""

from __future__ import annotations

import math
from dataclasses import dataclass

from thermalsdk.camera.config import FlatFieldCorrection, FrameRate

#: Two times that differ by less are the same.
_EPSILON_S = 1e-6


@dataclass(frozen=True)
class Moment:
    """State of the shutter at one time.

    Args:
        exposure: number of the last exposure that was due, or None where every scene is exposed.
        frozen: whether the shutter is closed.
        correction: number of the last flat-field correction; 0 is that of the start.
        minutes: since that correction ended.
    """

    exposure: int | None
    frozen: bool
    correction: int
    minutes: float


def moment(time_s: float, rate: FrameRate | None, ffc: FlatFieldCorrection | None) -> Moment:
    """State at `time_s` seconds after the start, which ends with a correction."""
    exposure = None if rate is None else math.floor((time_s + _EPSILON_S) * rate.hz)
    if ffc is None:
        return Moment(exposure, False, 0, time_s / 60.0)
    correction = math.floor((time_s + _EPSILON_S) / ffc.interval_s)
    since = time_s - correction * ffc.interval_s
    if correction == 0:
        return Moment(exposure, False, 0, since / 60.0)
    return Moment(
        exposure,
        frozen=since + _EPSILON_S < ffc.freeze_s,
        correction=correction,
        minutes=max(0.0, since - ffc.freeze_s) / 60.0,
    )
