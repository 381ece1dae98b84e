"""Palettes: 256 colours from cold to hot."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError

_PALETTES = Path(__file__).parent / "palettes.json"


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


def coloured(grey: npt.NDArray[np.uint8], name: str) -> npt.NDArray[np.uint8]:
    """Grey values HxW in the colours of a palette: uint8 HxWx3. Raises OptionError for an unknown name."""
    from PIL import Image  # not every user shows colours

    picture = Image.fromarray(grey)
    picture.putpalette(palette(name).tobytes())
    return np.array(picture.convert("RGB"))  # ten times as fast as NumPy's indexing


@functools.lru_cache(maxsize=1)
def _anchors() -> dict[str, list[list[int]]]:
    anchors: dict[str, list[list[int]]] = json.loads(_PALETTES.read_text(encoding="utf-8"))
    return anchors
