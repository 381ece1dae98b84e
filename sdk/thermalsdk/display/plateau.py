"""Plateau equalisation: contrast goes where the pixels are, but no temperature gets all of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk.display.gain import MIN_SPAN_KELVIN, STEP, gain_limits
from thermalsdk.display.tone import EqualisedTone

_BINS = 256
_COUNTS = np.arange(65536) / 100.0
#: A flat scene is not stretched into noise: a kelvin never gets more grey levels than this.
_MOST_LEVELS_PER_KELVIN = 255.0 / MIN_SPAN_KELVIN


class PlateauGain:
    """Histogram equalisation whose bins are cut at a plateau, with temporal damping.

    The histogram spans the frame without its clipped tails. What a bin holds beyond the plateau is cut off,
    so that a large uniform area, such as the sky, does not take all grey levels; a share of a straight line
    is mixed in, so that order and proportion stay readable.

    Args:
        plateau: largest share of the pixels that a bin counts with.
        linear: share of the straight line, 0 to 1.
        clipped: share of the pixels, in percent, that saturates at each end.
        damping: share of the previous curve that stays at each frame, 0 for none.
    """

    def __init__(self, plateau: float, linear: float, clipped: float, damping: float) -> None:
        self._plateau = plateau
        self._linear = linear
        self._clipped = clipped
        self._damping = damping
        self._curve: npt.NDArray[np.float32] | None = None

    def __call__(self, kelvin: npt.NDArray[np.float32]) -> EqualisedTone:
        """Curve for the next frame (float32 HxW, kelvin), which also moves the state."""
        curve = self._curve_of(kelvin)
        if self._curve is not None:
            curve += np.float32(self._damping) * (self._curve - curve)
        self._curve = curve
        return EqualisedTone((curve + np.float32(0.5)).astype(np.uint8))

    def _curve_of(self, kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Grey level, 0 to 255, of every count of 0.01 K."""
        low, high = gain_limits(kelvin, self._clipped)
        sample = kelvin[::STEP, ::STEP]
        histogram, edges = np.histogram(sample, _BINS, (low, high))
        cut = np.minimum(histogram, max(1.0, self._plateau * sample.size))
        shares = self._linear / _BINS + (1.0 - self._linear) * cut / max(1.0, cut.sum())
        steps = np.minimum(255.0 * shares, _MOST_LEVELS_PER_KELVIN * (high - low) / _BINS)
        levels = np.concatenate(([0.0], np.cumsum(steps)))
        levels += (255.0 - levels[-1]) / 2
        first, last = np.searchsorted(_COUNTS, (low, high))
        curve = np.full(len(_COUNTS), levels[-1], np.float32)
        curve[:first] = levels[0]
        curve[first:last] = np.interp(_COUNTS[first:last], edges, levels)
        return curve
