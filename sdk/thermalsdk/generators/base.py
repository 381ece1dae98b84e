"""The interface between the steps of a frame and whatever runs encoder and layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thermalsdk.class_map import ClassMap
from thermalsdk.contrasts import Contrasts

Float32 = npt.NDArray[np.float32]


class Generator(Protocol):
    """Encoder and layers of one bundle."""

    def encode(self, planes: Float32) -> Mapping[str, Float32]:
        """What `contrasts` needs of the colours, by name; good until the next frame is encoded.

        Args:
            planes: float32 [1,3,h,w] in [0, 1], of what the networks see: reduced and padded.
        """

    def contrasts(
        self, encoded: Mapping[str, Float32], class_map: ClassMap, thermal_labels: Float32
    ) -> Contrasts:
        """Contrast of every class in a frame, right on the class and its feather.

        Args:
            encoded: what `encode` made of the frame.
            class_map: of the frame, HxW.
            thermal_labels: R, float32 HxW in kelvin.
        """

    def close(self) -> None:
        """Free its graphs and threads; a second call does nothing."""
