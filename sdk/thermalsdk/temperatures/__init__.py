"""The temperatures that a caller sets: by class, by instance, or left to the weather."""

from thermalsdk.temperatures.choice import (
    TemperatureChoice,
    TemperaturesInTime,
    check_choice,
    set_temperatures,
)
from thermalsdk.temperatures.limits import check_kelvin
from thermalsdk.temperatures.scene_prior import ScenePrior
from thermalsdk.temperatures.surfaces import Surfaces
from thermalsdk.temperatures.temperatures import Temperatures

__all__ = [
    "ScenePrior",
    "Surfaces",
    "TemperatureChoice",
    "Temperatures",
    "TemperaturesInTime",
    "check_choice",
    "check_kelvin",
    "set_temperatures",
]
