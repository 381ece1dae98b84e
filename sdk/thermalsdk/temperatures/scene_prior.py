"""What the weather makes of the street classes: a physical prior for every temperature that nobody set.

Every class but sky and person follows `thermalsdk.heat_balance` with the row of classes.json: absorbed sun
A = absorptance x sun_share x sun, loss D = sky_view x D_sky, h = 11.2 + 3.8 wind (McAdams' 5.7 + 3.8 v for
convection, and 5.5 W m^-2 K^-1 for radiation among the street). Vehicles add engine_kelvin x exp(-t / 60 min)
with t the time since their engines stopped.

A person is skin at 306 K under clothing: T_cloth = T_air + (T_skin - T_air) R_air / (R_air + R_clothing),
R_clothing = 0.155 m^2 K W^-1 per clo (ISO 9920), 0.5 clo at 299 K and 0.75 more for every 10 K colder. Bare
skin, a tenth of the body, is between 304 K and a third of the way to the air.

The sky has the apparent temperature of its lowest 40 degrees, which a street camera sees.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thermalsdk import heat_balance
from thermalsdk.errors import TemperatureError
from thermalsdk.radiometry import LONG_WAVE

_TABLE = Path(__file__).parent / "classes.json"
_CONVECTION, _CONVECTION_OF_WIND, _RADIATION = 5.7, 3.8, 5.5
_ENGINE_MINUTES = 60.0
_SKIN_KELVIN, _BARE_SKIN_KELVIN, _BARE_SHARE = 306.0, 304.0, 0.1
_CLO, _LEAST_CLO, _MOST_CLO = 0.155, 0.5, 3.0
_SKY_ELEVATIONS = np.radians(np.arange(2.0, 40.0, 4.0))


@dataclass(frozen=True)
class ClassProperties:
    """One row of classes.json.

    Args:
        emissivity: in the long-wave window.
        absorptance: share of the sun's light that is absorbed.
        sun_share: sun on the faces that a camera sees, as a share of that on the open ground.
        sky_view: share of the sky in what these faces see.
        response: how far the material follows the balance within hours.
        storage: share of the stored heat that it holds.
        engine_kelvin: how much a running engine warms the whole vehicle.
        sources: keys of the file's `sources`.
    """

    emissivity: float
    absorptance: float
    sun_share: float
    sky_view: float
    response: float
    storage: float
    engine_kelvin: float
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ScenePrior:
    """The weather, and how long the engines have been off.

    Args:
        sun: irradiance of the open ground, W m^-2: 0 at night, 950 at a clear summer noon.
        cloud: covered share of the sky, 0 to 1.
        wind: m s^-1.
        wetness: 0 for a dry, 1 for a wet street.
        stored: heat that asphalt and masonry still hold of the past hours, K.
        engine_off: minutes since the engines stopped: 0 where they run, None where they are cold.

    Raises TemperatureError for values outside of these.
    """

    sun: float = 0.0
    cloud: float = 0.5
    wind: float = 2.0
    wetness: float = 0.0
    stored: float = 2.0
    engine_off: float | None = 0.0

    def __post_init__(self) -> None:
        _check("sun", self.sun, 0.0, 1400.0, "W m^-2")
        _check("cloud", self.cloud, 0.0, 1.0, "the covered share of the sky")
        _check("wind", self.wind, 0.0, 50.0, "m s^-1")
        _check("wetness", self.wetness, 0.0, 1.0, "0 for dry to 1 for wet")
        _check("stored", self.stored, -10.0, 30.0, "K")
        if self.engine_off is not None:
            _check("engine_off", self.engine_off, 0.0, 1e6, "minutes, or None for cold engines")

    def kelvin(self, name: str, ambient: float) -> float:
        """Mean temperature of a street class in air of `ambient` kelvin; any other is like the air."""
        if name == "sky":
            return LONG_WAVE.kelvin_at(_sky_radiance(self.cloud, ambient))
        if name not in class_properties():
            return ambient
        surface = self._surface(class_properties()[name], ambient)
        if name == "person":
            return _person(ambient, surface - ambient, self._transfer)
        return surface + class_properties()[name].engine_kelvin * self._engine_share

    def emissivity(self, name: str) -> float:
        """Emissivity of a class; 1 for the sky and for classes that are no street classes."""
        return class_properties()[name].emissivity if name in class_properties() else 1.0

    def reflected(self, name: str, ambient: float) -> float:
        """Kelvin of a black body that shines like what the class mirrors: sky and street by its sky view."""
        view = class_properties()[name].sky_view if name in class_properties() else 0.0
        street = LONG_WAVE.radiance_at(ambient)
        return LONG_WAVE.kelvin_at(view * _sky_radiance(self.cloud, ambient) + (1.0 - view) * street)

    def _surface(self, properties: ClassProperties, ambient: float) -> float:
        return heat_balance.surface_kelvin(
            air=ambient,
            absorbed=properties.absorptance * properties.sun_share * self.sun,
            lost=properties.sky_view * heat_balance.sky_loss(self.cloud),
            transfer=self._transfer,
            response=properties.response,
            stored=properties.storage * self.stored - heat_balance.wet_cooling(self.wetness),
        )

    @property
    def _transfer(self) -> float:
        dry = _CONVECTION + _CONVECTION_OF_WIND * self.wind + _RADIATION
        return heat_balance.heat_transfer(dry, self.wetness)

    @property
    def _engine_share(self) -> float:
        return 0.0 if self.engine_off is None else math.exp(-self.engine_off / _ENGINE_MINUTES)


@functools.cache
def class_properties() -> dict[str, ClassProperties]:
    """Rows of classes.json by street class. The sky has none."""
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))["classes"]
    return {name: ClassProperties(**{**row, "sources": tuple(row["sources"])}) for name, row in rows.items()}


@functools.lru_cache(maxsize=256)
def _sky_radiance(cloud: float, ambient: float) -> float:
    return float(heat_balance.sky_radiance(LONG_WAVE, ambient, cloud, _SKY_ELEVATIONS).mean())


def _person(ambient: float, sunned: float, transfer: float) -> float:
    """Mean of clothing and bare skin; `sunned` is what sun and sky add to the clothing, K."""
    clo = min(max(_LEAST_CLO + 0.075 * (299.0 - ambient), _LEAST_CLO), _MOST_CLO)
    outside = (1.0 / transfer) / (1.0 / transfer + _CLO * clo)
    cloth = ambient + (_SKIN_KELVIN - ambient) * outside + sunned
    skin = _BARE_SKIN_KELVIN + min(0.0, ambient - _BARE_SKIN_KELVIN) / 3.0
    return (1.0 - _BARE_SHARE) * cloth + _BARE_SHARE * skin


def _check(name: str, value: float, low: float, high: float, unit: str) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise TemperatureError(f"{name} is {value!r}", f"Give {low:g} to {high:g}: {unit}.")
