"""Temperatures in files: counts, the line that turns them into kelvin, and what made them."""

from thermalsdk.formats.files import read_thermal, read_thermal_frames, write_thermal
from thermalsdk.formats.luminance import L8, L16
from thermalsdk.formats.sinks import THERMAL_SUFFIXES, open_thermal_sink
from thermalsdk.formats.thermal_image import Provenance, ThermalImage

__all__ = [
    "L8",
    "L16",
    "THERMAL_SUFFIXES",
    "Provenance",
    "ThermalImage",
    "open_thermal_sink",
    "read_thermal",
    "read_thermal_frames",
    "write_thermal",
]
