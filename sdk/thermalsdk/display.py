"""From kelvin to the picture an operator watches: automatic gain, and palettes."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError

_PALETTES = Path(__file__).parent / "palettes.json"
#: Share of the pixels, in percent, that saturates at each end of the display.
_CLIPPED = 1.0
#: A flat scene is not stretched into noise: the display never spans less than this.
_MIN_SPAN_KELVIN = 2.0
#: The limits come from every fourth pixel of every fourth row; a percentile needs no more.
_STEP = 4


def gain_limits(kelvin: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Temperatures shown as 0 and 255: the 1st and 99th percentile, at least 2 K apart.

    kelvin: float32 HxW.
    """
    sample = kelvin[::_STEP, ::_STEP]
    low, high = (float(limit) for limit in np.percentile(sample, (_CLIPPED, 100.0 - _CLIPPED)))
    missing = max(0.0, _MIN_SPAN_KELVIN - (high - low)) / 2
    return low - missing, high + missing


class AutoGain:
    """Gain limits of a stream, which follow the scene slowly so that the picture does not flicker.

    damping: share of the previous limits that stays at each frame, 0 for none.
    """

    def __init__(self, damping: float = 0.9) -> None:
        self._damping = damping
        self._limits: tuple[float, float] | None = None

    def __call__(self, kelvin: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Limits for the next frame (float32 HxW, kelvin), which also move the state."""
        low, high = gain_limits(kelvin)
        if self._limits is not None:
            keep = self._damping
            low = keep * self._limits[0] + (1 - keep) * low
            high = keep * self._limits[1] + (1 - keep) * high
        self._limits = (low, high)
        return self._limits


def palette_names() -> tuple[str, ...]:
    """Names for `Frame.colorize`, in the order of palettes.json."""
    return tuple(_anchors())


@functools.cache
def palette(name: str) -> npt.NDArray[np.uint8]:
    """Colours of a palette: uint8 256x3, read-only, interpolated between evenly spaced anchors.

    Raises OptionError for an unknown name.
    """
    if name not in _anchors():
        raise OptionError(f"palette {name!r} is unknown", f"Choose one of {', '.join(palette_names())}.")
    anchors = np.array(_anchors()[name], np.float64)
    positions = np.linspace(0.0, 255.0, len(anchors))
    channels = [np.interp(np.arange(256), positions, anchors[:, channel]) for channel in range(3)]
    colors = np.stack(channels, axis=-1).round().astype(np.uint8)
    colors.setflags(write=False)
    return colors


@functools.lru_cache(maxsize=1)
def _anchors() -> dict[str, list[list[int]]]:
    anchors: dict[str, list[list[int]]] = json.loads(_PALETTES.read_text(encoding="utf-8"))
    return anchors
