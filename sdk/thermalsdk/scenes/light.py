"""Visible light and heat of a surface under given conditions.

Heat follows `thermalsdk.heat_balance`, with A = a E cos(i) and D = v D_sky of a face: a its solar
absorptance, E the irradiance, i the incidence, v the share of the sky that it sees.

What the camera gets is grey-body radiance: the radiance that is drawn is e L(T) + (1 - e) (v L_sky +
(1 - v) L_air), so the scene's kelvin map is the apparent temperature of each surface at its emissivity,
before atmosphere, optics and sensor.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import heat_balance
from thermalsdk.radiometry import LONG_WAVE
from thermalsdk.scenes.conditions import Conditions

Array = npt.NDArray[np.float32]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """Thermal behaviour: solar absorptance, emissivity, response r, share s of stored heat that it holds.

    An absorptance of None follows from the painted colour.
    """

    absorptance: float | None
    emissivity: float
    response: float
    storage: float


ASPHALT = Material(0.90, 0.95, 0.62, 1.0)
PAVING = Material(0.65, 0.94, 0.55, 0.9)
SOIL = Material(0.75, 0.96, 0.40, 0.2)
MASONRY = Material(None, 0.93, 0.45, 0.9)
METAL = Material(None, 0.90, 0.85, 0.0)
BARE_METAL = Material(0.5, 0.60, 0.85, 0.0)
GLASS = Material(0.35, 0.84, 0.60, 0.1)
RUBBER = Material(0.9, 0.95, 0.50, 0.1)
PLASTIC = Material(None, 0.93, 0.70, 0.1)
LEAF = Material(0.5, 0.97, 0.18, 0.0)
BARK = Material(0.7, 0.95, 0.35, 0.5)
CLOTH = Material(None, 0.95, 0.35, 0.0)
SKIN = Material(0.6, 0.98, 0.05, 0.0)


class Light:
    """Colours and radiances under one set of conditions.

    Street lamps hang over `lamp_x` (m) at every multiple of `lamp_pitch` (m) along the street.
    """

    def __init__(self, conditions: Conditions, lamp_pitch: float, lamp_x: tuple[float, ...]) -> None:
        self.conditions = conditions
        self.sun = conditions.sun_vector
        self.lamp_pitch, self.lamp_x, self.lamp_height = lamp_pitch, lamp_x, 6.5
        self.air = LONG_WAVE.radiance_at(conditions.ambient_kelvin)
        self.per_kelvin = LONG_WAVE.radiance_at(conditions.ambient_kelvin + 1.0) - self.air
        self.sky = float(self.sky_radiance(np.array([0.7]))[0])
        self.sun_colour, self.sky_colour = self._daylight()
        self.lamp_colour = np.array([1.0, 0.78, 0.5]) * conditions.lamp_light
        self.loss = heat_balance.sky_loss(conditions.cloud)
        self.transfer = heat_balance.heat_transfer(conditions.convection, conditions.wetness)

    def _daylight(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        here = self.conditions
        if here.night:
            return np.zeros(3), np.array([0.016, 0.018, 0.026]) * (1.0 + here.cloud)
        low = np.clip((35.0 - here.sun_elevation_deg) / 35.0, 0.0, 1.0)
        sun = np.array([1.0, 0.94 - 0.14 * low, 0.86 - 0.34 * low]) * here.irradiance / 620.0
        clear, grey = np.array([0.30, 0.37, 0.48]), np.array([0.62, 0.65, 0.68])
        return sun, (clear + (grey - clear) * here.cloud) * (0.75 if here.wetness else 1.0)

    def sky_radiance(self, elevation: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Radiance of the cloudless and the clouded share together, at elevations in radians (any shape)."""
        here = self.conditions
        return heat_balance.sky_radiance(LONG_WAVE, here.ambient_kelvin, here.cloud, elevation)

    @property
    def cloud_radiance(self) -> float:
        """Radiance of a cloud base."""
        return heat_balance.cloud_radiance(LONG_WAVE, self.conditions.ambient_kelvin)

    def facing(self, normal: Vector) -> float:
        """Cosine of the sun's incidence on a face with this outward normal, 0 when turned away."""
        return max(0.0, float(np.dot(normal, self.sun))) if self.conditions.irradiance else 0.0

    def sky_view(self, normal: Vector) -> float:
        """Share of the sky among what a face sees: a wall sees less than half of it over the roofs."""
        return 0.5 + 0.5 * normal[1] - 0.2 * (1.0 - abs(normal[1]))

    def kelvin(self, material: Material, albedo: npt.ArrayLike, facing: float, sky_view: float) -> float:
        """Temperature of a surface (K) by the balance above. `facing` is 0 in shadow."""
        here = self.conditions
        absorptance = material.absorptance
        if absorptance is None:
            absorptance = 0.92 - 0.6 * float(np.mean(np.asarray(albedo, np.float64)))
        return heat_balance.surface_kelvin(
            air=here.ambient_kelvin,
            absorbed=absorptance * here.irradiance * facing,
            lost=sky_view * self.loss,
            transfer=self.transfer,
            response=material.response,
            stored=material.storage * here.storage_kelvin - heat_balance.wet_cooling(here.wetness),
        )

    def emitted(self, kelvin: float, emissivity: float, sky_view: float) -> float:
        """Radiance of a grey body at `kelvin` that mirrors sky and street in the given share."""
        return float(self.emitted_map(np.array([kelvin], np.float32), np.float32(emissivity), sky_view)[0])

    def emitted_map(self, kelvin: Array, emissivity: Array | np.float32, sky_view: float) -> Array:
        """The same of many, float32 of the shape of `kelvin`."""
        reflected = np.float32(sky_view * self.sky + (1.0 - sky_view) * self.air)
        return emissivity * LONG_WAVE.radiance(kelvin) + (1.0 - emissivity) * reflected

    def colour(
        self, albedo: npt.ArrayLike, facing: float, sky_view: float, lamp: float
    ) -> npt.NDArray[np.float64]:
        """Linear RGB of a matt surface in sun, sky and lamp light."""
        incoming = (
            self.sun_colour * facing + self.sky_colour * (0.45 + 0.55 * sky_view) + self.lamp_colour * lamp
        )
        return np.asarray(np.asarray(albedo) * incoming)

    def source(
        self,
        albedo: npt.ArrayLike,
        material: Material,
        normal: Vector,
        lamp: float = 0.0,
        extra_kelvin: float = 0.0,
        sunlit: float = 1.0,
    ) -> Array:
        """float32 [4] colour and radiance of a face; `extra_kelvin` is heat from within."""
        facing, view = self.facing(normal) * sunlit, self.sky_view(normal)
        warm = self.kelvin(material, albedo, facing, view) + extra_kelvin
        out = np.empty(4, np.float32)
        out[:3] = self.colour(albedo, facing, view, lamp)
        out[3] = self.emitted(warm, material.emissivity, view)
        return out

    def lamp_level(self, x: npt.ArrayLike, z: npt.ArrayLike, y: float = 0.0) -> Array:
        """Street-lamp light at world points (x, z broadcast; metres), 1 right below a lamp."""
        x, z = np.asarray(x, np.float32), np.asarray(z, np.float32)
        along = np.mod(z + self.lamp_pitch / 2, self.lamp_pitch) - self.lamp_pitch / 2
        height = self.lamp_height - 0.6 * y
        level = np.zeros(np.broadcast_shapes(x.shape, z.shape), np.float32)
        for lamp_x in self.lamp_x:
            squared = (x - np.float32(lamp_x)) ** 2 + along.astype(np.float32) ** 2 + np.float32(height**2)
            level += np.float32(height**3) / (squared * np.sqrt(squared))
        return level
