"""What a temperature, an emissivity and an instance may be."""

from __future__ import annotations

import math
import re

import numpy as np

from thermalsdk.errors import TemperatureError

#: Kelvin that any temperature may have: colder than a clear night sky, up to a flame.
KELVIN_RANGE = (150.0, 2000.0)
CELSIUS_ZERO = 273.15
_HIGHEST_INSTANCE = 65535


def check_kelvin(what: str, kelvin: float) -> None:
    """Raise TemperatureError unless `kelvin` is a temperature; `what` opens the message."""
    if isinstance(kelvin, bool) or not isinstance(kelvin, (int, float, np.integer, np.floating)):
        raise TemperatureError(
            f"{what} {kelvin!r}, which is no number", "Temperatures are numbers in kelvin."
        )
    low, high = KELVIN_RANGE
    if math.isfinite(kelvin) and low <= kelvin <= high:
        return
    hint = f"Temperatures are kelvin between {low:g} and {high:g}."
    if -CELSIUS_ZERO < kelvin < low:
        hint = f"{kelvin:g} °C would be {kelvin + CELSIUS_ZERO:.2f} K. {hint}"
    elif low * 100 <= kelvin <= 65535:
        hint = f"{kelvin:g} counts of 0.01 K would be {kelvin / 100:.2f} K. {hint}"
    raise TemperatureError(f"{what} {kelvin:g} K, which no surface has", hint)


def check_emissivity(name: str, emissivity: float) -> None:
    """Raise TemperatureError unless it is more than 0 and at most 1."""
    number = isinstance(emissivity, (int, float, np.integer, np.floating))
    if not number or isinstance(emissivity, bool) or not 0 < emissivity <= 1:
        raise TemperatureError(
            f"the emissivity of {name!r} is {emissivity!r}",
            "Give more than 0 and at most 1, such as 0.95 for asphalt or 0.98 for skin.",
        )


def check_instance(key: int | str) -> None:
    """Raise TemperatureError unless it is an id of an instance map, or a regular expression of names."""
    if isinstance(key, str):
        try:
            re.compile(key)
        except re.error as error:
            raise TemperatureError(
                f"instances name {key!r}, which is no regular expression: {error}",
                "A name stands for itself; escape its special characters with re.escape.",
            ) from error
        return
    if isinstance(key, bool) or not isinstance(key, (int, np.integer)) or not 0 <= key <= _HIGHEST_INSTANCE:
        raise TemperatureError(
            f"instance {key!r} is no id",
            f"Instances are numbered 0 to {_HIGHEST_INSTANCE}, as in the map, or given by name.",
        )
