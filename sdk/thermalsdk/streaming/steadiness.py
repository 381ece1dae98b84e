"""Which filter over time a stream has."""

from __future__ import annotations

from numbers import Real

from thermalsdk.errors import OptionError
from thermalsdk.streaming.motion_filter import MotionFilter
from thermalsdk.streaming.still_filter import StillFilter
from thermalsdk.streaming.temporal_filter import TemporalFilter

#: Share of its former temperature that a pixel of a stream keeps, where nobody says else.
STEADINESS = 0.8


def open_filter(steadiness: float, follow_motion: bool) -> TemporalFilter | None:
    """A filter for one video; None for a steadiness of 0, which filters nothing.

    Args:
        steadiness: share of its former temperature that a pixel keeps, 0 to less than 1.
        follow_motion: along the optical flow, instead of only where the colours stand still.

    Raises OptionError for another share, MissingDependency where the flow needs OpenCV.
    """
    if not isinstance(steadiness, Real) or not 0 <= steadiness < 1:
        raise OptionError(f"steadiness={steadiness!r} is no share", "Give a number from 0 to less than 1.")
    if steadiness == 0:
        return None
    return MotionFilter(steadiness) if follow_motion else StillFilter(steadiness)
