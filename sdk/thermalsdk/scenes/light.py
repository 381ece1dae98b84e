"""Visible light and heat of a surface under given conditions.

Heat is a quasi-steady balance per square metre, good for a picture, not for a forecast:

    T = T_air + r (a E cos(i) - v D) / h + s S        a: solar absorptance, E: irradiance, i: incidence,
                                                      v: share of the sky it sees, D: long-wave loss to a
    clear sky, h: heat transfer coefficient, r: response of the material (how far it follows in hours),
    s S: heat stored in masonry and asphalt. `D` is 75 W m^-2 under a clear sky and 11 under full cloud.

What the camera gets is grey-body radiance (`radiometry.grey_body`): the radiance that is drawn is
e L(T) + (1 - e) (v L_sky + (1 - v) L_air), so the scene's kelvin map is the apparent temperature of each
surface at its emissivity, before atmosphere, optics and sensor.

The clear sky is a slab of air: its emissivity at elevation b is 1 - (1 - e0)^(1 / sin b), e0 = 0.42 in the
window band; clouds radiate as black bodies 6 K below the air.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import radiometry
from thermalsdk.scenes.conditions import Conditions

Array = npt.NDArray[np.float32]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """Thermal behaviour: solar absorptance, emissivity, response r and storage s of the module's formula.

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

_CLEAR_LOSS, _CLOUD_LOSS = 75.0, 11.0
_ZENITH_EMISSIVITY = 0.42


class Light:
    """Colours and radiances under one set of conditions.

    Street lamps hang over `lamp_x` (m) at every multiple of `lamp_pitch` (m) along the street.
    """

    def __init__(self, conditions: Conditions, lamp_pitch: float, lamp_x: tuple[float, ...]) -> None:
        self.conditions = conditions
        self.sun = conditions.sun_vector
        self.lamp_pitch, self.lamp_x, self.lamp_height = lamp_pitch, lamp_x, 6.5
        self.air = radiometry.radiance(conditions.ambient_kelvin)
        self.per_kelvin = radiometry.radiance(conditions.ambient_kelvin + 1.0) - self.air
        self.sky = float(self.sky_radiance(np.array([0.7]))[0])
        self.sun_colour, self.sky_colour = self._daylight()
        self.lamp_colour = np.array([1.0, 0.78, 0.5]) * conditions.lamp_light
        self.loss = _CLEAR_LOSS + (_CLOUD_LOSS - _CLEAR_LOSS) * conditions.cloud
        self.transfer = conditions.convection * (1.0 + 0.7 * conditions.wetness)

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
        air_mass = 1.0 / np.maximum(np.sin(elevation), 0.035)
        clear = radiometry.radiance(here.ambient_kelvin - 4.0) * (
            1.0 - (1.0 - _ZENITH_EMISSIVITY) ** air_mass
        )
        cloud = self.cloud_radiance
        return np.asarray(clear + (cloud - clear) * here.cloud * 0.9)

    @property
    def cloud_radiance(self) -> float:
        """Radiance of a cloud base."""
        return radiometry.radiance(self.conditions.ambient_kelvin - 6.0)

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
        flux = absorptance * here.irradiance * facing - sky_view * self.loss
        stored = material.storage * here.storage_kelvin - 0.8 * here.wetness
        return here.ambient_kelvin + material.response * flux / self.transfer + stored

    def emitted(self, kelvin: float, emissivity: float, sky_view: float) -> float:
        """Radiance of a grey body at `kelvin` that mirrors sky and street in the given share."""
        return radiometry.grey_body(kelvin, emissivity, sky_view * self.sky + (1.0 - sky_view) * self.air)

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
