"""Which filter over time a stream has."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError
from thermalsdk.streaming.motion_filter import MotionFilter
from thermalsdk.streaming.still_filter import StillFilter

#: Share of its former temperature that a pixel of a stream keeps, where nobody says else.
STEADINESS = 0.8


class Filter(Protocol):
    """Filters the frames of one video, in order."""

    def __call__(
        self,
        rgb: npt.NDArray[np.uint8],
        kelvin: npt.NDArray[np.float32],
        labels: npt.NDArray[np.uint8] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Filtered temperatures (float32 HxW, new) of the next frame.

        Args:
            rgb: uint8 HxWx3.
            kelvin: float32 HxW.
            labels: uint8 HxW, a class map that does not flicker; None where there is none.
        """


def open_filter(steadiness: float, follow_motion: bool) -> Filter | None:
    """A filter for one video; None for a steadiness of 0, which filters nothing.

    Args:
        steadiness: share of its former temperature that a pixel keeps, 0 to less than 1.
        follow_motion: along the optical flow, instead of only where the colours stand still.

    Raises OptionError for another share, MissingDependency where the flow needs OpenCV.
    """
    if not 0 <= steadiness < 1:
        raise OptionError(f"steadiness={steadiness!r} is no share", "Give a number from 0 to less than 1.")
    if steadiness == 0:
        return None
    return MotionFilter(steadiness) if follow_motion else StillFilter(steadiness)
