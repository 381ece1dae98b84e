"""Road, sidewalks and verge: one ray per pixel below the horizon, painted in world coordinates."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas

Array = npt.NDArray[np.float32]
_ENLARGED_DEPTH = 8.0
#: Share of the sky that the ground sees between the houses.
_SKY_VIEW = 0.75


@dataclass(frozen=True)
class Profile:
    """Cross-section of the street, metres. Lanes are (centre, heading)."""

    road_half: float
    sidewalk: float
    building_line: float
    verge_grass: bool
    lanes: tuple[tuple[float, int], ...]
    dash: float
    dash_gap: float
    edge_lines: bool
    crossing_pitch: float
    asphalt: float
    paving: tuple[float, float, float]
    patch_strength: float


def draw_ground(
    canvas: Canvas, camera: Camera, light: Light, profile: Profile, heights: "Heights", ego_lamps: bool
) -> None:
    """Fill everything below the horizon. `heights` are the facades that throw shadows."""
    top = int(np.clip(np.ceil(camera.horizon + 0.6), 0, canvas.height - 1))
    rows = canvas.ys[top:]
    depth = (camera.focal * camera.y / (rows - camera.horizon)).astype(np.float32)
    depth = np.minimum(depth, np.float32(1500.0))
    z = depth.astype(np.float64) + camera.z
    across = depth[:, None] * ((canvas.xs - np.float32(camera.cx)) / np.float32(camera.focal)) + np.float32(
        camera.x
    )
    grain = (depth / camera.focal)[:, None]
    long_grain = depth**2 / (camera.focal * camera.y)
    side = np.abs(across)

    def step(values: Array, edge: float) -> Array:
        return np.clip((values - np.float32(edge)) / grain + 0.5, 0.0, 1.0)

    paint = _Paint(light, profile)
    off_road = step(side, profile.road_half)
    out = canvas.light[top:]
    sun = _sunlit(across, z, light, heights)
    canvas.sunlit[top:] = sun
    fine, coarse = _textures(across, z, depth)

    albedo = profile.asphalt * (1.0 + 0.16 * coarse * profile.patch_strength + 0.10 * fine)
    marks = _markings(across, z, long_grain, grain, profile)
    albedo += marks * (0.55 - albedo)
    tint = np.array(profile.paving, np.float32)
    curb = off_road - step(side, profile.road_half + 0.25)
    joints = _joints(side, z, long_grain, grain)
    paved = np.float32(1.0) + 0.08 * fine + 0.1 * coarse - 0.22 * joints + 0.25 * curb
    warmth = paint.road_kelvin(across, profile) + 0.45 * coarse * (0.6 + paint.road_gain * 0.06) + 0.2 * fine
    warmth += sun * paint.road_gain - marks * np.float32(0.12 * paint.road_gain + 0.2)
    walk = paint.walk + sun * paint.walk_gain + 0.35 * coarse + 0.15 * fine - 0.35 * joints
    warmth += off_road * (walk - warmth)

    grass = step(side, profile.road_half + profile.sidewalk)
    meadow = paint.soil + sun * paint.soil_gain + 0.7 * fine + 0.5 * coarse
    warmth += grass * (meadow - warmth)

    incoming = _incoming(across, z, depth, light, camera, ego_lamps)
    grass_colour = np.array([0.13, 0.19, 0.06] if profile.verge_grass else [0.24, 0.22, 0.19], np.float32)
    wet = 1.0 - 0.45 * light.conditions.wetness
    for channel in range(3):
        shade = albedo + off_road * (tint[channel] * paved - albedo)
        shade += grass * (grass_colour[channel] * (1.0 + 0.3 * fine) - shade)
        lit = sun * np.float32(light.sun_colour[channel] * paint.facing) + np.float32(
            light.sky_colour[channel] * 0.85
        )
        out[..., channel] = shade * wet * (lit + np.float32(light.lamp_colour[channel]) * incoming)
    road, walk, soil = (m.emissivity for m in (lighting.ASPHALT, lighting.PAVING, lighting.SOIL))
    emissivity = np.float32(road) + off_road * np.float32(walk - road)
    emissivity += grass * (np.float32(soil) - emissivity)
    out[..., 3] = light.emitted_map(warmth, emissivity, _SKY_VIEW)
    canvas.labels[top:] = canvas.label
    canvas.instances[top:] = canvas.instance


class _Paint:
    """Temperatures of the ground materials: in shadow, and what full sun adds."""

    def __init__(self, light: Light, profile: Profile) -> None:
        self.facing = light.facing((0.0, 1.0, 0.0))
        self.road, self.road_gain = self._pair(light, lighting.ASPHALT)
        self.walk, self.walk_gain = self._pair(light, lighting.PAVING)
        self.soil, self.soil_gain = self._pair(light, lighting.SOIL)
        self.dry = 1.0 - 0.6 * light.conditions.wetness

    def _pair(self, light: Light, material: lighting.Material) -> tuple[np.float32, float]:
        shadow = light.kelvin(material, 0.3, 0.0, _SKY_VIEW)
        return np.float32(shadow), light.kelvin(material, 0.3, self.facing, _SKY_VIEW) - shadow

    def road_kelvin(self, across: Array, profile: Profile) -> Array:
        """Asphalt in shadow, a little warmer where tyres run and under waiting engines."""
        warmth = np.full(across.shape, self.road, np.float32)
        for centre, _ in profile.lanes:
            tracks = np.abs(np.abs(across - np.float32(centre)) - np.float32(0.75))
            warmth += np.float32(0.9 * self.dry) * np.exp(-((tracks * np.float32(3.0)) ** 2))
        return warmth


def _textures(across: Array, z: npt.NDArray[np.float64], depth: Array) -> tuple[Array, Array]:
    """Fine and coarse mottling that lies on the ground and fades where pixels no longer resolve it."""
    fade_fine = np.clip(14.0 / depth, 0.0, 1.0)[:, None]
    fade_coarse = np.clip(60.0 / depth, 0.0, 1.0)[:, None]
    fine = _sample(noise.GRAIN, across, z, depth, 14.0) * fade_fine
    coarse = _sample(noise.COARSE, across, z, depth, 5.0) * fade_coarse
    return fine.astype(np.float32), coarse.astype(np.float32)


def _sample(kind: int, across: Array, z: npt.NDArray[np.float64], depth: Array, texels: float) -> Array:
    """Noise at `texels` per metre: interpolated nearby, where a texel spans several pixels, else nearest."""
    along = np.mod(z * texels, noise.SIZE).astype(np.float32)[:, None]
    aside = across * np.float32(texels)
    far = int(np.searchsorted(-depth, -_ENLARGED_DEPTH))
    return np.concatenate(
        [noise.points(kind, along[:far], aside[:far]), noise.smooth(kind, along[far:], aside[far:])]
    )


def _pulse(z: npt.NDArray[np.float64], period: float, length: float, grain: Array) -> Array:
    """1 inside the first `length` metres of every period, averaged over the pixel's reach `grain`."""
    place = np.mod(z, period) - length / 2
    place = np.minimum(np.abs(place), np.abs(place - period))
    sharp = np.clip((length / 2 - place) / grain + 0.5, 0.0, 1.0)
    blurred = np.clip(grain / period, 0.0, 1.0)
    return np.asarray(sharp + blurred * (length / period - sharp), np.float32)


def _line(across: Array, centre: float, width: float, grain: Array) -> Array:
    share = np.minimum(width / grain, 1.0)
    return np.clip((width / 2 - np.abs(across - np.float32(centre))) / grain + 0.5, 0.0, 1.0) * share


def _markings(
    across: Array, z: npt.NDArray[np.float64], long_grain: Array, grain: Array, profile: Profile
) -> Array:
    marks = np.zeros(across.shape, np.float32)
    dashes = _pulse(z, profile.dash + profile.dash_gap, profile.dash, long_grain)[:, None]
    centres = sorted(lane[0] for lane in profile.lanes)
    for left, right in pairwise(centres):
        marks = np.maximum(marks, _line(across, (left + right) / 2, 0.14, grain) * dashes)
    if profile.edge_lines:
        marks = np.maximum(marks, _line(np.abs(across), profile.road_half - 0.35, 0.12, grain))
    if profile.crossing_pitch:
        zone = _pulse(z, profile.crossing_pitch, 3.2, long_grain)[:, None]
        bars = np.clip((np.abs(np.mod(across, np.float32(1.0)) - 0.5) - 0.25) / grain + 0.5, 0.0, 1.0)
        bars = bars * (np.abs(across) < profile.road_half - 0.4)
        marks = marks + zone * (bars - marks)
    return marks * np.float32(0.9)


def _joints(side: Array, z: npt.NDArray[np.float64], long_grain: Array, grain: Array) -> Array:
    lengthwise = _pulse(z, 0.9, 0.06, long_grain)[:, None]
    sideways = np.clip((0.03 - np.abs(np.mod(side, np.float32(0.9)) - 0.45)) / grain + 0.5, 0.0, 1.0)
    return np.maximum(lengthwise, sideways * np.minimum(0.06 / grain, 1.0))


def _incoming(
    across: Array, z: npt.NDArray[np.float64], depth: Array, light: Light, camera: Camera, ego_lamps: bool
) -> Array:
    """Lamp light on the ground: street lamps, and the ego vehicle's head lamps."""
    if not light.conditions.night:
        return np.zeros((1, 1), np.float32)
    level = light.lamp_level(across, z[:, None])
    if ego_lamps:
        width = (1.4 + 0.24 * depth)[:, None]
        reach = (1.1 / (1.0 + (depth / 14.0) ** 2) * np.clip((depth - 2.0) / 4.0, 0.0, 1.0))[:, None]
        level += reach * np.exp(-(((across - np.float32(camera.x)) / width) ** 2))
    return level


class Heights:
    """Facade heights along both sides of the street in 0.5 m bins, for shadows."""

    STEP = 0.5

    def __init__(self, start: float, length: float, line: float) -> None:
        self.start, self.line = start, line
        self.sides = {side: np.zeros(int(length / self.STEP), np.float32) for side in (-1, 1)}

    def add(self, side: int, z0: float, z1: float, height: float) -> None:
        """Enter a building of `side` (-1 left, 1 right) from z0 to z1."""
        low = max(0, int((z0 - self.start) / self.STEP))
        high = max(0, int((z1 - self.start) / self.STEP))
        self.sides[side][low:high] = height

    def at(self, side: int, z: npt.NDArray[np.floating]) -> Array:
        """Heights (m) at world coordinates z of any shape."""
        index = np.clip((z - self.start) / self.STEP, 0, len(self.sides[side]) - 1).astype(np.int32)
        return self.sides[side][index]


def _sunlit(across: Array, z: npt.NDArray[np.float64], light: Light, heights: Heights) -> Array:
    """1 where the sun reaches the ground past the facades, soft over 0.4 m, 0 without sun."""
    if not light.conditions.irradiance:
        return np.zeros(across.shape, np.float32)
    sx, sy, sz = light.sun
    side = 1 if sx > 0 else -1
    flat = max(abs(sx), 0.05)
    way = np.maximum(heights.line - side * across, 0.0)
    height = heights.at(side, z[:, None] + way * (sz / flat))
    return np.clip((way * np.float32(sy / flat) - height) / np.float32(0.4) + 0.5, 0.0, 1.0).astype(
        np.float32
    )
