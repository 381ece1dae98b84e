"""Temperatures as YAML and JSON, and the presets that ship.

    unit: celsius                  # or kelvin, the default; holds for every temperature of the file
    ambient: 10
    classes: {person: 31, car: 24}
    instances: {7: 60, "BP_Truck.*": 35}
    emissivity: {car: 0.9}
    reflected: {car: -10}
    prior: {sun: 400, cloud: 0.3, wind: 2, wetness: 0, stored: 2, engine_off: 15}

All but `ambient` may be left out. `description` and `sources` are for the reader.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from thermalsdk.documents import check_names, read_document, shipped_names, shipped_path, write_document
from thermalsdk.errors import TemperatureError
from thermalsdk.temperatures.limits import CELSIUS_ZERO
from thermalsdk.temperatures.scene_prior import ScenePrior
from thermalsdk.temperatures.temperatures import Temperatures

_PRESETS = Path(__file__).parent / "presets"
_OPTIONAL = ("unit", "classes", "instances", "emissivity", "reflected", "prior", "description", "sources")
#: Above it a file in degrees Celsius is one in kelvin.
_HOTTEST_AIR_CELSIUS = 100.0
_OFFSETS = {"kelvin": 0.0, "celsius": CELSIUS_ZERO}


def preset_names() -> tuple[str, ...]:
    """Names for `Temperatures.preset`, sorted."""
    return shipped_names(_PRESETS)


@functools.cache
def read_preset(name: str) -> Temperatures:
    """Read a preset. Raises TemperatureError, which lists the names, for an unknown one."""
    return read_temperatures(shipped_path(_PRESETS, name, "preset", TemperatureError))


def read_temperatures(path: Path) -> Temperatures:
    """Read a file. Raises TemperatureError naming it and the field that cannot be used."""
    data = read_document(path, TemperatureError)
    try:
        return from_data(data)
    except TemperatureError as error:
        hint = error.hint
        if "°C" in hint:
            hint += " For a file in degrees Celsius, write `unit: celsius`."
        raise TemperatureError(f"{path}: {error.message}", hint) from error


def write_temperatures(temperatures: Temperatures, path: Path) -> None:
    """Write a file. Raises TemperatureError for its suffix, OutputError where it cannot be written."""
    write_document(path, to_data(temperatures), TemperatureError)


def from_data(data: Mapping[str, Any]) -> Temperatures:
    """Temperatures of a file's data. Raises TemperatureError."""
    check_names(data, ("ambient",), _OPTIONAL, "the document", TemperatureError)
    unit = data.get("unit", "kelvin")
    if not isinstance(unit, str) or unit not in _OFFSETS:
        raise TemperatureError(f"the unit is {unit!r}", "Choose kelvin or celsius.")
    offset = _OFFSETS[unit]
    ambient = _shifted("ambient", data["ambient"], offset)
    if unit == "celsius" and ambient - offset > _HOTTEST_AIR_CELSIUS:
        raise TemperatureError(
            f"ambient is {data['ambient']} °C", "Write `unit: kelvin` if these are kelvin."
        )
    return Temperatures(
        ambient=ambient,
        classes=_shifted_values(data, "classes", offset),
        instances={
            _instance(key): kelvin for key, kelvin in _shifted_values(data, "instances", offset).items()
        },
        emissivity=_mapping(data, "emissivity"),
        reflected=_shifted_values(data, "reflected", offset),
        prior=_prior(data.get("prior")),
    )


def to_data(temperatures: Temperatures) -> dict[str, Any]:
    """Data of a file, in kelvin; what is empty is left out."""
    data: dict[str, Any] = {"unit": "kelvin", "ambient": float(temperatures.ambient)}
    for name in ("classes", "instances", "emissivity", "reflected"):
        values = getattr(temperatures, name)
        if values:
            data[name] = {_key(key): float(value) for key, value in values.items()}
    if temperatures.prior is not None:
        data["prior"] = {
            name: None if value is None else float(value)
            for name, value in asdict(temperatures.prior).items()
        }
    return data


def _prior(data: Any) -> ScenePrior | None:
    if data is None:
        return None
    check_names(data, (), [field.name for field in fields(ScenePrior)], "prior", TemperatureError)
    return ScenePrior(**data)


def _shifted_values(data: Mapping[str, Any], name: str, offset: float) -> dict[Any, float]:
    return {key: _shifted(f"{name}: {key}", value, offset) for key, value in _mapping(data, name).items()}


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[Any, Any]:
    values = data.get(name) or {}
    if not isinstance(values, Mapping):
        raise TemperatureError(f"{name} is {values!r}, no mapping", f"Write {name}: {{person: 305.0}}.")
    return values


def _shifted(what: str, value: Any, offset: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TemperatureError(
            f"{what} is {value!r}, which is no number", "Write a number; `unit` says what it counts."
        )
    return value + offset


def _key(key: Any) -> Any:
    """A pattern of digits alone would be read as an id; in brackets it matches the same."""
    if not isinstance(key, str):
        return int(key)
    return f"({key})" if key.isdecimal() else key


def _instance(key: Any) -> Any:
    """JSON has no integers as keys."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key
