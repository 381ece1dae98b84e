"""What a call and a stream take as temperatures."""

from __future__ import annotations

from collections.abc import Callable

from thermalsdk.errors import OptionError, TemperatureError
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.temperatures.temperatures import Temperatures

#: What a call takes: set temperatures, steady predictions along a video, or "auto".
TemperatureChoice = Temperatures | PredictedTemperatures | str
#: What a stream takes as well: a function from the number of a frame to the temperatures in it.
TemperaturesInTime = Callable[[int], Temperatures]


def set_temperatures(
    ambient: float | None = None, preset: str | None = None, file: str | None = None
) -> Temperatures | None:
    """What one of these sets, or None: kelvin of everything, the name of a weather, or a .yaml or .json file.

    Raises OptionError where more than one is given, and TemperatureError as `Temperatures.load` does.
    """
    if sum(choice is not None for choice in (ambient, preset, file)) > 1:
        raise OptionError(
            "more than one of the parameters ambient, preset and temperatures is set",
            "Set one: a file of temperatures may hold the ambient one too.",
        )
    if file is not None:
        return Temperatures.load(file)
    if preset is not None:
        return Temperatures.preset(preset)
    return None if ambient is None else Temperatures(ambient=ambient)


def check_choice(temperatures: TemperatureChoice, has_thermal_labels: bool) -> None:
    """Raise when `temperatures` is none of the choices, or a whole map is given as well."""
    if isinstance(temperatures, str) and temperatures != "auto":
        raise OptionError(
            f"temperatures={temperatures!r} is unknown",
            "Choose 'auto' or give Temperatures(...), such as Temperatures.preset('summer-noon').",
        )
    if not isinstance(temperatures, (str, Temperatures, PredictedTemperatures)):
        raise TemperatureError(
            f"temperatures are {type(temperatures).__name__}",
            "Give 'auto' or Temperatures(ambient=283.15, classes={'person': 305.0}).",
        )
    if not isinstance(temperatures, str) and has_thermal_labels:
        raise TemperatureError(
            "temperatures and thermal_labels are both given", "Give one: thermal_labels is the whole map R."
        )
