"""From kelvin to the picture an operator watches: automatic gain, and palettes."""

from thermalsdk.display.gain import AutoGain, check_limits, gain_limits
from thermalsdk.display.palettes import coloured, palette, palette_names
from thermalsdk.display.plateau import PlateauGain
from thermalsdk.display.tone import EqualisedTone, LinearTone, Tone

__all__ = [
    "AutoGain",
    "EqualisedTone",
    "LinearTone",
    "PlateauGain",
    "Tone",
    "check_limits",
    "coloured",
    "gain_limits",
    "palette",
    "palette_names",
]
