"""What the layers of a bundle are told of a frame besides its colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.bundle import Manifest
from thermalsdk.class_map import ClassMap
from thermalsdk.padding import pad
from thermalsdk.reduction import picked

#: Pixels per cell of a condition, along each axis, of what the networks see.
CONDITION_STRIDE = 4
Float32 = npt.NDArray[np.float32]


def write_conditions(
    manifest: Manifest, class_map: ClassMap, thermal_labels: Float32, threads: int, out: Float32
) -> None:
    """Write what every layer is told.

    Args:
        manifest: of the bundle.
        class_map: of the frame, HxW.
        thermal_labels: R, float32 HxW in kelvin.
        threads: of the CPU.
        out: float32 [K,3,h/4,w/4], C-contiguous, where the networks see hxw.
    """
    coding = manifest.thermal_normalization
    compositing.conditions(
        class_map.seen,
        pad(picked(thermal_labels, class_map.reduction), manifest.alignment),
        len(manifest.classes),
        coding.offset_kelvin,
        coding.scale_kelvin,
        threads,
        out,
    )
