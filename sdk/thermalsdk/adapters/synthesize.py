"""What every adapter calls for a thermal frame."""

from __future__ import annotations

from typing import Protocol

import numpy.typing as npt

from thermalsdk.frame import Frame
from thermalsdk.labels import LabelIds


class Synthesize(Protocol):
    """A `Synthesizer`, or `functools.partial` of one that binds temperatures and whatever else it takes.

    An adapter hands over what comes from the simulator and leaves the rest to the caller, so that everything
    a synthesizer can do is within reach of every adapter. To change temperatures between frames, give a
    function that looks them up.
    """

    def __call__(
        self,
        frame: npt.ArrayLike,
        *,
        color: str,
        labels: npt.ArrayLike | None,
        label_ids: LabelIds,
        instances: npt.ArrayLike | None,
    ) -> Frame:
        """Thermal frame of a colour frame; arguments as in `Synthesizer.__call__`."""
