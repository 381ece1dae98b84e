"""One picture of a camera."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.display import Tone


@dataclass(frozen=True, eq=False)
class Capture:
    """What a camera made of one scene.

    Args:
        apparent: float32 HxW of the detector, kelvin.
        tone: its way to grey values, hot is white.
        black_hot: whether hot is black in the display.
        palette: colours of the display.
        camera: the camera's name.
        camera_hash: of its configuration and seed.
        index: number of the picture since the camera started.
        time_s: when the scene was seen.
        held: whether the picture is a former one, shown again: between two exposures, or while the shutter
            was closed for a flat-field correction.
    """

    apparent: npt.NDArray[np.float32]
    tone: Tone
    black_hot: bool
    palette: str
    camera: str
    camera_hash: str
    index: int
    time_s: float
    held: bool

    @functools.cached_property
    def display(self) -> npt.NDArray[np.uint8]:
        """Grey picture after gain and polarity: uint8 HxW."""
        grey = self.tone.grey(self.apparent)
        return np.uint8(255) - grey if self.black_hot else grey
