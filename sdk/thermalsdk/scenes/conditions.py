"""Weather and time of day of one scene."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Conditions:
    """What the weather and the clock do to a street.

    Angles are degrees, temperatures kelvin, `irradiance` is the direct sun's in W m^-2.
    `sun_azimuth_deg` is measured from the driving direction, positive to the right. `cloud` is the covered
    fraction of the sky, `wetness` is 0 for a dry and 1 for a wet street, `haze_per_metre` the visible
    extinction, `convection` the heat-transfer coefficient of a dry wall in W m^-2 K^-1, `storage_kelvin`
    what walls and road still hold of the past hours, `heating_kelvin` how much warmer windows of a heated
    building are, `exposure` the gain of the visible camera.
    """

    night: bool
    ambient_kelvin: float
    sun_elevation_deg: float
    sun_azimuth_deg: float
    irradiance: float
    cloud: float
    wetness: float
    haze_per_metre: float
    convection: float
    storage_kelvin: float
    heating_kelvin: float
    exposure: float
    lamp_light: float
    bare_trees: bool

    @property
    def sun_vector(self) -> tuple[float, float, float]:
        """Unit vector towards the sun: x right, y up, z along the street."""
        elevation, azimuth = np.radians(self.sun_elevation_deg), np.radians(self.sun_azimuth_deg)
        flat = float(np.cos(elevation))
        return flat * float(np.sin(azimuth)), float(np.sin(elevation)), flat * float(np.cos(azimuth))


def draw_conditions(rng: np.random.Generator) -> Conditions:
    """Random weather: about two nights in five scenes, and sun, cloud or rain in either."""
    night = bool(rng.random() < 0.42)
    weather = rng.choice(["clear", "mixed", "overcast", "rain"], p=[0.36, 0.2, 0.28, 0.16])
    cloud = {"clear": (0.0, 0.25), "mixed": (0.3, 0.7), "overcast": (0.85, 1.0), "rain": (0.92, 1.0)}[weather]
    cover = float(rng.uniform(*cloud))
    ambient = float(rng.uniform(274.0, 294.0) if night else rng.uniform(276.0, 302.0))
    elevation = float(rng.uniform(-30.0, -6.0) if night else rng.uniform(12.0, 62.0))
    clear_sky = 0.0 if night else 1000.0 * float(np.sin(np.radians(elevation))) ** 0.35
    sunny = weather in ("clear", "mixed")
    return Conditions(
        night=night,
        ambient_kelvin=ambient,
        sun_elevation_deg=elevation,
        sun_azimuth_deg=float(rng.uniform(-180.0, 180.0)),
        irradiance=clear_sky * float(rng.uniform(0.55, 0.85)) if sunny and not night else 0.0,
        cloud=cover,
        wetness=float(rng.uniform(0.5, 1.0)) if weather == "rain" else 0.0,
        haze_per_metre=float(rng.uniform(0.006, 0.014) if weather == "rain" else rng.uniform(0.0008, 0.006)),
        convection=float(rng.uniform(17.0, 34.0)),
        storage_kelvin=float(rng.uniform(0.5, 4.0)) * (0.5 if weather == "rain" else 1.0),
        heating_kelvin=float(np.clip((291.0 - ambient) * rng.uniform(0.15, 0.5), 0.0, 7.0)),
        exposure=float(np.exp(rng.normal(-0.25 if night else 0.0, 0.45 if night else 0.28))),
        lamp_light=float(rng.uniform(0.25, 1.0)) if night else 0.0,
        bare_trees=bool(ambient < 283.0 and rng.random() < 0.5),
    )
