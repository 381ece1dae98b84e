"""The temperatures that a caller sets, and the thermal segmentation R made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import OptionError, TemperatureError
from thermalsdk.predicted import PredictedTemperatures

#: Kelvin that any temperature may have: colder than a clear night sky, up to a flame.
KELVIN_RANGE = (150.0, 2000.0)
_CELSIUS_ZERO = 273.15


@dataclass(frozen=True)
class Temperatures:
    """Mean temperature, in kelvin, of whatever is in the frame.

    An entry of `instances` goes before one of `classes`, and that before `ambient`.

    Args:
        ambient: temperature of every class that `classes` does not name.
        classes: temperature by class name of the bundle.
        instances: temperature by id of the frame's instance map; ids that are not in the frame are ignored.

    Raises TemperatureError for a temperature outside 150 to 2000 K.
    """

    ambient: float
    classes: Mapping[str, float] = field(default_factory=dict)
    instances: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kelvin("ambient is", self.ambient)
        for name, kelvin in self.classes.items():
            check_kelvin(f"class {name!r} is", kelvin)
        for number, kelvin in self.instances.items():
            if not isinstance(number, (int, np.integer)) or not 0 <= number <= 65535:
                raise TemperatureError(
                    f"instance {number!r} is no id", "Instances are numbered 0 to 65535, as in the map."
                )
            check_kelvin(f"instance {number} is", kelvin)

    def check(self, classes: Sequence[str], has_instances: bool) -> None:
        """Raise TemperatureError when they do not fit a bundle's classes, or need an instance map."""
        unknown = [name for name in self.classes if name not in classes]
        if unknown:
            raise TemperatureError(
                f"temperatures name the class {unknown[0]!r}, which the bundle does not have",
                f"Its classes are {', '.join(classes)}.",
            )
        if self.instances and not has_instances:
            raise TemperatureError(
                "temperatures per instance were given without an instance map",
                "Pass instances=, a uint16 map of HxW that holds these ids.",
            )

    def thermal_labels(
        self,
        labels: npt.NDArray[np.uint8],
        instances: npt.NDArray[np.uint16] | None,
        classes: Sequence[str],
    ) -> npt.NDArray[np.float32]:
        """Thermal segmentation R.

        Args:
            labels: class map HxW in ids of `classes`.
            instances: instance map HxW, or None.
            classes: the bundle's classes in painter's order.

        Returns float32 HxW in kelvin.
        """
        by_class = np.array([self.classes.get(name, self.ambient) for name in classes], np.float32)
        thermal_labels = np.take(by_class, labels)
        if instances is not None and self.instances:
            by_instance = np.full(65536, np.nan, np.float32)
            by_instance[list(self.instances)] = list(self.instances.values())
            of_instance = by_instance[instances]
            np.copyto(thermal_labels, of_instance, where=~np.isnan(of_instance))
        return thermal_labels


#: What a call takes: set temperatures, steady predictions along a video, or "auto".
TemperatureChoice = Temperatures | PredictedTemperatures | str


def check_kelvin(what: str, kelvin: float) -> None:
    """Raise TemperatureError unless `kelvin` is a temperature; `what` opens the message."""
    if not isinstance(kelvin, (int, float, np.integer, np.floating)):
        raise TemperatureError(
            f"{what} {kelvin!r}, which is no number", "Temperatures are numbers in kelvin."
        )
    low, high = KELVIN_RANGE
    if math.isfinite(kelvin) and low <= kelvin <= high:
        return
    hint = f"Temperatures are kelvin between {low:g} and {high:g}."
    if -_CELSIUS_ZERO < kelvin < low:
        hint = f"{kelvin:g} °C would be {kelvin + _CELSIUS_ZERO:.2f} K. {hint}"
    raise TemperatureError(f"{what} {kelvin:g} K, which no surface has", hint)


def check_choice(temperatures: TemperatureChoice, has_thermal_labels: bool) -> None:
    """Raise when `temperatures` is none of the choices, or a whole map is given as well."""
    if isinstance(temperatures, str) and temperatures != "auto":
        raise OptionError(
            f"temperatures={temperatures!r} is unknown", "Choose 'auto' or give Temperatures(...)."
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
