"""What describes a camera: one dataclass a stage. A stage that is None is switched off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from thermalsdk.display import palette_names
from thermalsdk.errors import CameraError
from thermalsdk.radiometry import LONG_WAVE, Band

GAIN_MODES = ("linear", "percentile", "plateau", "fixed")
POLARITIES = ("white_hot", "black_hot")


@dataclass(frozen=True)
class Resolution:
    """Pixels of the detector. A frame is averaged down to the largest size of its shape that fits."""

    width: int
    height: int

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            check_range("resolution", name, getattr(self, name), 8, 8192, "pixels", whole=True)


@dataclass(frozen=True)
class FrameRate:
    """Pictures per second; what comes in between is shown the picture before."""

    hz: float

    def __post_init__(self) -> None:
        check_range("frame_rate", "hz", self.hz, 0.1, 1000.0, "pictures per second")


@dataclass(frozen=True)
class Blur:
    """Point spread of optics and pixel together: the contrast left at half a cycle per pixel."""

    mtf_at_nyquist: float

    def __post_init__(self) -> None:
        check_range("blur", "mtf_at_nyquist", self.mtf_at_nyquist, 0.01, 0.99, "a share of the contrast")


@dataclass(frozen=True)
class Vignetting:
    """Share of the corners' radiance that comes from the housing, after the camera's own correction."""

    corner: float
    housing_kelvin: float = 303.15

    def __post_init__(self) -> None:
        check_range("vignetting", "corner", self.corner, 0.0, 0.9, "a share of the radiance")
        check_range("vignetting", "housing_kelvin", self.housing_kelvin, 200.0, 400.0, "K")


@dataclass(frozen=True)
class Noise:
    """Temporal noise, standard deviations in mK at 300 K: of pixels (NETD), whole rows, whole columns."""

    netd_mk: float
    row_mk: float = 0.0
    column_mk: float = 0.0

    def __post_init__(self) -> None:
        _check_millikelvin("noise", self, ("netd_mk", "row_mk", "column_mk"))


@dataclass(frozen=True)
class FixedPattern:
    """What the last flat-field correction left, standard deviations in mK at 300 K."""

    pixel_mk: float
    row_mk: float = 0.0
    column_mk: float = 0.0

    def __post_init__(self) -> None:
        _check_millikelvin("fixed_pattern", self, ("pixel_mk", "row_mk", "column_mk"))


@dataclass(frozen=True)
class Drift:
    """Growth of a fixed pattern since the last flat-field correction, mK a minute at 300 K."""

    mk_per_minute: float

    def __post_init__(self) -> None:
        _check_millikelvin("drift", self, ("mk_per_minute",))


@dataclass(frozen=True)
class FlatFieldCorrection:
    """The shutter closes every `interval_s`; the picture freezes for `freeze_s`, and drift starts anew."""

    interval_s: float
    freeze_s: float

    def __post_init__(self) -> None:
        check_range("ffc", "interval_s", self.interval_s, 0.1, 1e6, "seconds")
        check_range(
            "ffc", "freeze_s", self.freeze_s, 0.0, 0.9 * self.interval_s, "seconds, well below interval_s"
        )


@dataclass(frozen=True)
class BadPixels:
    """Share of dead pixels; `replaced` shows their neighbours instead, as cores do."""

    fraction: float
    replaced: bool = True

    def __post_init__(self) -> None:
        check_range("bad_pixels", "fraction", self.fraction, 0.0, 0.2, "a share of the pixels")
        if not isinstance(self.replaced, bool):
            raise CameraError(f"bad_pixels.replaced is {self.replaced!r}", "Give true or false.")


@dataclass(frozen=True)
class Digitiser:
    """Counts of 2^bits levels, linear in radiance between two temperatures."""

    bits: int
    low_kelvin: float
    high_kelvin: float

    def __post_init__(self) -> None:
        check_range("digitiser", "bits", self.bits, 4, 16, "bits", whole=True)
        check_range("digitiser", "low_kelvin", self.low_kelvin, 100.0, 2000.0, "K")
        check_range(
            "digitiser", "high_kelvin", self.high_kelvin, self.low_kelvin + 1.0, 2100.0, "K, above low_kelvin"
        )


@dataclass(frozen=True)
class Gain:
    """Automatic gain of the display.

    Args:
        mode: "linear" from the coldest to the hottest pixel, "percentile" without the tails, "plateau" for
            plateau equalisation, "fixed" for `low_kelvin` to `high_kelvin`.
        damping: share of the gain before that stays at each picture.
        clipped_percent: tail at each end, of "percentile" and "plateau".
        plateau_percent: largest share of the pixels that a histogram bin counts with.
        linear_percent: share of the straight line in "plateau".
        low_kelvin, high_kelvin: black and white of "fixed".
    """

    mode: str
    damping: float = 0.85
    clipped_percent: float = 1.0
    plateau_percent: float = 7.0
    linear_percent: float = 20.0
    low_kelvin: float = 253.15
    high_kelvin: float = 323.15

    def __post_init__(self) -> None:
        if self.mode not in GAIN_MODES:
            raise CameraError(f"gain.mode is {self.mode!r}", f"Choose one of {', '.join(GAIN_MODES)}.")
        check_range("gain", "damping", self.damping, 0.0, 0.999, "a share")
        check_range("gain", "clipped_percent", self.clipped_percent, 0.0, 40.0, "percent")
        check_range("gain", "plateau_percent", self.plateau_percent, 0.01, 100.0, "percent")
        check_range("gain", "linear_percent", self.linear_percent, 0.0, 100.0, "percent")
        check_range("gain", "low_kelvin", self.low_kelvin, 100.0, 2000.0, "K")
        check_range(
            "gain", "high_kelvin", self.high_kelvin, self.low_kelvin + 0.1, 2100.0, "K, above low_kelvin"
        )


@dataclass(frozen=True)
class CameraConfig:
    """A camera core. Every stage may be None, and is left out then.

    Args:
        name: what it is called.
        band: wavelengths that it sees.
        polarity: "white_hot" or "black_hot".
        palette: colours of `frame.colorize()`.
        sources: where its figures come from.

    Raises CameraError for values that no camera has.
    """

    name: str
    band: Band = LONG_WAVE
    resolution: Resolution | None = None
    frame_rate: FrameRate | None = None
    blur: Blur | None = None
    vignetting: Vignetting | None = None
    noise: Noise | None = None
    fixed_pattern: FixedPattern | None = None
    drift: Drift | None = None
    ffc: FlatFieldCorrection | None = None
    bad_pixels: BadPixels | None = None
    digitiser: Digitiser | None = None
    gain: Gain | None = None
    polarity: str = "white_hot"
    palette: str = "white-hot"
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.polarity not in POLARITIES:
            raise CameraError(f"polarity is {self.polarity!r}", f"Choose one of {', '.join(POLARITIES)}.")
        if self.palette not in palette_names():
            raise CameraError(f"palette is {self.palette!r}", f"Choose one of {', '.join(palette_names())}.")

    def without(self, *stages: str) -> CameraConfig:
        """Copy with these stages switched off. Raises CameraError for a name that is no stage."""
        unknown = [stage for stage in stages if stage not in stage_names()]
        if unknown:
            raise CameraError(
                f"a camera has no stage {unknown[0]!r}", f"Its stages are {', '.join(stage_names())}."
            )
        off: dict[str, Any] = dict.fromkeys(stages)
        return replace(self, **off)

    def only(self, *stages: str) -> CameraConfig:
        """Copy with every other stage switched off. Raises CameraError for a name that is no stage."""
        self.without(*stages)
        return self.without(*(stage for stage in stage_names() if stage not in stages))


def stage_names() -> tuple[str, ...]:
    """Names of the stages that may be switched off, in the order in which they act."""
    others = ("name", "band", "polarity", "palette", "sources")
    return tuple(field.name for field in fields(CameraConfig) if field.name not in others)


def check_range(
    stage: str, name: str, value: Any, low: float, high: float, unit: str, whole: bool = False
) -> None:
    """Raise CameraError unless `value` is a number from `low` to `high`, and a whole one if need be."""
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise CameraError(f"{stage}.{name} is {value!r}", f"Give {low:g} to {high:g}: {unit}.")


def _check_millikelvin(stage: str, values: object, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(values, name)
        check_range(stage, name, value, 0.0, 10_000.0, "mK, thousandths of a kelvin")
        if 0 < value < 0.5:
            raise CameraError(
                f"{stage}.{name} is {value!r} mK, less than any core has",
                f"Give millikelvin: {value:g} K are {1000 * value:g} mK.",
            )
