"""Counts, the line from counts to kelvin, and where they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import DtypeError, OptionError, ShapeError
from thermalsdk.info import Info

#: Kelvin per count of `Frame.raw16`; 0 counts are 0 K. FLIR's cores call it TLinear in high resolution.
RAW16_SCALE = 0.01

Counts = npt.NDArray[Any]


@dataclass(frozen=True)
class Provenance:
    """What made a thermal image.

    Args:
        radiometric: whether its kelvin follow a radiometric camera; otherwise they are nominal.
        bundle: name of the bundle.
        bundle_hash: SHA-256 of the bundle's manifest, which holds the hashes of all its files.
        camera_hash: hash of the camera's configuration, or None for bare surface temperatures.
    """

    radiometric: bool
    bundle: str
    bundle_hash: str
    camera_hash: str | None = None

    @classmethod
    def of(cls, info: Info, camera_hash: str | None = None) -> Provenance:
        """Provenance of what a synthesizer makes; `info` is its `Synthesizer.info`."""
        return cls(info.radiometric, info.name, info.bundle_hash, camera_hash)


@dataclass(frozen=True, eq=False)
class ThermalImage:
    """Temperatures as counts: kelvin = offset + scale x count.

    Args:
        counts: uint8 or uint16, HxW.
        scale: kelvin per count, above 0.
        offset: kelvin of count 0.
        provenance: what made it.

    Raises DtypeError or ShapeError for other arrays, OptionError for another scale or offset.
    """

    counts: Counts
    scale: float
    offset: float
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.counts.dtype not in (np.uint8, np.uint16):
            raise DtypeError(f"counts are {self.counts.dtype}, not uint8 or uint16", "Encode kelvin first.")
        if self.counts.ndim != 2:
            raise ShapeError(f"counts have the shape {self.counts.shape}, not HxW", "Give one channel.")
        if not (_is_finite(self.scale) and self.scale > 0 and _is_finite(self.offset)):
            raise OptionError(
                f"scale {self.scale} and offset {self.offset} make no kelvin",
                "Give kelvin per count, above 0, and the kelvin of count 0.",
            )
        object.__setattr__(self, "scale", float(self.scale))  # NumPy's numbers do not go into a header
        object.__setattr__(self, "offset", float(self.offset))

    @classmethod
    def raw16(cls, counts: npt.NDArray[np.uint16], provenance: Provenance) -> ThermalImage:
        """Wrap `Frame.raw16`: uint16 HxW, 0.01 K per count, 0 at 0 K."""
        return cls(counts, RAW16_SCALE, 0.0, provenance)

    @property
    def kelvin(self) -> npt.NDArray[np.float32]:
        """Temperatures: float32 HxW."""
        return (self.offset + self.scale * self.counts).astype(np.float32)


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)
