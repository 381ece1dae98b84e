"""Buildings: boxes along the street whose facades are painted analytically (windows, floors, doors)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import NEAR, Camera
from thermalsdk.scenes.ground import Heights
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas

Array = npt.NDArray[np.float32]
_PALETTE = (
    (0.62, 0.58, 0.50),
    (0.45, 0.22, 0.15),
    (0.70, 0.69, 0.66),
    (0.38, 0.36, 0.34),
    (0.66, 0.54, 0.36),
    (0.50, 0.56, 0.60),
    (0.24, 0.25, 0.27),
    (0.74, 0.66, 0.52),
    (0.33, 0.20, 0.16),
    (0.58, 0.42, 0.33),
)


@dataclass(frozen=True)
class Building:
    """A box from z0 to z1 with its facade at x = line * side, and the style of its grid of windows."""

    side: int
    line: float
    depth: float
    z0: float
    z1: float
    height: float
    floor: float
    ground_floor: float
    bay: float
    window: tuple[float, float]
    sill: float
    shop: bool
    albedo: npt.NDArray[np.float64]
    trim: npt.NDArray[np.float64]
    band: float
    pilaster: bool
    bricks: float
    lit: npt.NDArray[np.float32]
    warm: npt.NDArray[np.float32]
    blinds: npt.NDArray[np.float32]
    wall_kelvin: float
    texture: tuple[float, float]


def make_building(
    rng: np.random.Generator, side: int, line: float, z0: float, z1: float, light: Light
) -> Building:
    """Draw one building's style; windows are lit, warm and curtained independently of each other."""
    height = float(np.clip(rng.gamma(5.0, 3.4), 5.0, 42.0))
    floor, bay = float(rng.uniform(2.8, 3.6)), float(rng.uniform(1.9, 3.6))
    albedo = np.clip(
        np.array(_PALETTE[rng.integers(len(_PALETTE))]) * rng.uniform(0.6, 1.2, 1) + rng.normal(0, 0.03, 3),
        0.06,
        0.85,
    )
    grid = (16, 16)
    night = light.conditions.night
    lit = (
        (rng.random(grid) < rng.uniform(0.1, 0.5)) * rng.uniform(0.3, 1.0, grid) if night else np.zeros(grid)
    )
    heated = (rng.random(grid) < rng.uniform(0.3, 0.9)) * rng.uniform(0.3, 1.3, grid)
    return Building(
        side=side,
        line=line,
        depth=float(rng.uniform(8, 14)),
        z0=z0,
        z1=z1,
        height=height,
        floor=floor,
        ground_floor=float(rng.uniform(3.0, 4.2)),
        bay=bay,
        window=(bay * float(rng.uniform(0.4, 0.78)), floor * float(rng.uniform(0.4, 0.66))),
        sill=float(rng.uniform(0.7, 1.0)),
        shop=bool(rng.random() < 0.5),
        albedo=albedo,
        trim=np.clip(albedo * rng.choice([0.5, 1.35, 1.5]) + 0.02, 0.04, 0.85),
        band=float(rng.choice([0.0, 0.12, 0.3])),
        pilaster=bool(rng.random() < 0.35),
        bricks=float(rng.uniform(0.02, 0.12)),
        lit=lit.astype(np.float32),
        warm=heated.astype(np.float32),
        blinds=((rng.random(grid) < 0.4) * rng.uniform(0.1, 1.0, grid)).astype(np.float32),
        wall_kelvin=float(rng.normal(0.4, 0.9)),
        texture=(float(rng.uniform(0, 256)), float(rng.uniform(0, 256))),
    )


def draw_building(canvas: Canvas, camera: Camera, light: Light, building: Building, heights: Heights) -> None:
    """Draw the end wall that faces the camera, then the wall along the street."""
    hidden = float(heights.at(building.side, np.array(building.z0 - 0.7))) >= building.height
    if building.z0 - camera.z > NEAR and not hidden:
        _draw_end(canvas, camera, light, building)
    _draw_front(canvas, camera, light, building, heights)


def _haze(canvas: Array, depth: npt.NDArray[np.floating], light: Light) -> None:
    share = 1.0 - np.exp(-np.asarray(depth, np.float32) * np.float32(light.conditions.haze_per_metre))
    air = (light.sky_colour * 1.1 + light.sun_colour * 0.25).astype(np.float32)
    canvas[..., :3] += share[..., None] * (air - canvas[..., :3])


def _draw_end(canvas: Canvas, camera: Camera, light: Light, building: Building) -> None:
    depth = building.z0 - camera.z
    scale = camera.focal / depth
    near = building.side * building.line
    edges = sorted(camera.cx + (x - camera.x) * scale for x in (near, near + building.side * building.depth))
    top = camera.horizon - (building.height - camera.y) * scale
    bottom = camera.horizon + camera.y * scale
    box = canvas.box(edges[0], top, edges[1], bottom)
    if box is None:
        return
    columns, rows = canvas.xs[box[1]], canvas.ys[box[0]]
    wide = np.clip(np.minimum(columns - edges[0], edges[1] - columns) + 0.5, 0, 1)
    high = np.clip(np.minimum(rows - top, bottom - rows) + 0.5, 0, 1)
    u = (np.abs((columns - camera.cx) / scale + camera.x - near)).astype(np.float32)
    v = (camera.y + (camera.horizon - rows) / scale).astype(np.float32)
    normal = (0.0, 0.0, -1.0)
    lamp = light.lamp_level(np.array(near), np.array(building.z0), 3.0)
    source = _wall(
        light,
        building,
        u[None, :],
        v[:, None],
        np.float32(1 / scale),
        np.float32(1 / scale),
        normal,
        np.full((1, 1), 1.0, np.float32),
        lamp.reshape(1, 1),
        0.45,
    )
    _haze(source, np.full((1, 1), depth), light)
    canvas.blend(box, (high[:, None] * wide[None, :]).astype(np.float32), source)


def _draw_front(canvas: Canvas, camera: Camera, light: Light, building: Building, heights: Heights) -> None:
    offset = building.side * building.line - camera.x
    z_near = max(building.z0 - camera.z, abs(offset) * camera.focal / (4.0 * canvas.width), NEAR)
    z_far = building.z1 - camera.z
    if z_far <= z_near:
        return
    ends = sorted((camera.cx + offset * camera.focal / z_near, camera.cx + offset * camera.focal / z_far))
    scale = camera.focal / z_near
    top, bottom = camera.horizon - (building.height - camera.y) * scale, camera.horizon + camera.y * scale
    box = canvas.box(ends[0], min(top, camera.horizon), ends[1], bottom)
    if box is None:
        return
    columns, rows = canvas.xs[box[1]], canvas.ys[box[0]]
    depth = np.clip(
        offset * camera.focal / np.where(np.abs(columns - camera.cx) < 1, 1, columns - camera.cx),
        z_near,
        z_far,
    )
    depth = depth.astype(np.float32)
    metres = (depth / camera.focal).astype(np.float32)
    v = np.float32(camera.y) + (np.float32(camera.horizon) - rows)[:, None] * metres
    u = (depth + (camera.z - building.z0)).astype(np.float32)[None, :]
    wide = np.clip(np.minimum(columns - ends[0], ends[1] - columns) + 0.5, 0, 1)
    high = np.clip(np.minimum(v, building.height - v) / metres + 0.5, 0, 1)
    normal = (-float(building.side), 0.0, 0.0)
    sunlit = _opposite_shadow(light, building, heights, depth + camera.z, v, metres)
    lamp = light.lamp_level(np.full(depth.shape, building.side * building.line), depth + camera.z, 2.0)[
        None, :
    ]
    lamp = lamp * np.clip(1.4 - v / 9.0, 0.15, 1.0)
    grain = (depth**2 / (camera.focal * abs(offset)))[None, :].astype(np.float32)
    source = _wall(light, building, u, v, grain, metres, normal, sunlit, lamp, 1.0)
    _haze(source, depth[None, :], light)
    canvas.blend(box, (high * wide).astype(np.float32), source)


def _opposite_shadow(
    light: Light, building: Building, heights: Heights, z: npt.NDArray[np.floating], v: Array, metres: Array
) -> Array:
    """1 above the shadow line of the buildings across the street."""
    if not light.facing((-float(building.side), 0.0, 0.0)):
        return np.zeros((1, 1), np.float32)
    sx, sy, sz = light.sun
    way = building.line + heights.line
    flat = max(abs(sx), 0.05)
    line = heights.at(-building.side, z + way * sz / flat) - way * sy / flat
    return np.clip((v - line[None, :].astype(np.float32)) / 0.3 + 0.5, 0.0, 1.0)


def _stripe(values: Array, pitch: float, centre: float, width: float, grain: Array | np.float32) -> Array:
    """Cover a stripe `width` wide around `centre` in every `pitch`, or its mean where unresolved."""
    place = np.abs(np.mod(values - np.float32(centre - pitch / 2), np.float32(pitch)) - np.float32(pitch / 2))
    sharp = np.clip((np.float32(width / 2) - place) / grain + 0.5, 0.0, 1.0)
    fade = np.clip(grain * np.float32(1.2 / pitch) - 0.2, 0.0, 1.0)
    return sharp + fade * (np.float32(width / pitch) - sharp)


def _wall(
    light: Light,
    building: Building,
    u: Array,
    v: Array,
    grain_u: Array | np.float32,
    grain_v: Array | np.float32,
    normal: tuple[float, float, float],
    sunlit: Array,
    lamp: Array,
    openings: float,
) -> Array:
    """Colour and radiance [rows, columns, 4] of a wall at `u` metres along and `v` metres up.

    `openings` is the share of windows that are not walled up (end walls have few).
    """
    facing, view = light.facing(normal), light.sky_view(normal)
    upper = v >= building.ground_floor
    story = np.where(upper, v - np.float32(building.ground_floor), np.float32(0.0))
    window = _windows(building, u, story, grain_u, grain_v) * upper * (v < building.height - 0.7)
    street = (
        _street_level(building, u, v, grain_u, grain_v) if openings == 1.0 else np.zeros((1, 1), np.float32)
    )
    glass = np.maximum(window * np.float32(openings), street)

    rows = np.clip(story / np.float32(building.floor) + upper, 0, 15).astype(np.int32)
    columns = np.mod(np.floor_divide(u, np.float32(building.bay)), 16).astype(np.int32)
    lit, warm, blinds = (
        building.lit[rows, columns],
        building.warm[rows, columns],
        building.blinds[rows, columns],
    )
    height_in_floor = np.mod(story, np.float32(building.floor)) / np.float32(building.floor)
    drawn_blind = (height_in_floor > (0.95 - 0.6 * blinds)) * (blinds > 0)

    bands = (
        _stripe(v - np.float32(building.ground_floor), building.floor, 0.0, building.band, grain_v)
        if building.band
        else 0.0
    )
    trim = np.maximum(bands, np.clip((v - np.float32(building.height - 0.45)) / grain_v + 0.5, 0, 1))
    if building.pilaster:
        trim = np.maximum(trim, _stripe(u, building.bay * 2, 0.0, 0.4, grain_u))
    mottle = noise.points(noise.FINE, v * 7.0 + building.texture[0], u * 11.0 + building.texture[1])
    stain = noise.points(noise.COARSE, v * 1.6 + building.texture[1], u * 3.0 + building.texture[0])

    shape = np.broadcast_shapes(u.shape, v.shape)
    source = np.empty((*shape, 4), np.float32)
    shade = 1.0 + np.float32(building.bricks) * mottle + 0.09 * stain
    dark_pane = light.sky_colour * (0.10 + 0.2 * (1.0 - light.conditions.cloud)) + 0.002
    glow = np.array([1.0, 0.78, 0.50]) * 0.55
    open_pane = 1.0 - 0.7 * drawn_blind
    for channel in range(3):
        incoming = light.sky_colour[channel] * (0.45 + 0.55 * view) + sunlit * np.float32(
            light.sun_colour[channel] * facing
        )
        incoming = incoming + np.float32(light.lamp_colour[channel]) * lamp
        base = np.float32(building.albedo[channel])
        wall = (
            (base + trim * np.float32(building.trim[channel] - building.albedo[channel])) * shade * incoming
        )
        pane = np.float32(dark_pane[channel]) + (drawn_blind * np.float32(0.4)) * incoming
        pane = pane + lit * open_pane * np.float32(glow[channel])
        source[..., channel] = wall + glass * (pane - wall)

    wall_shadow = light.kelvin(lighting.MASONRY, building.albedo, 0.0, view) + building.wall_kelvin
    wall_gain = (
        light.kelvin(lighting.MASONRY, building.albedo, facing, view) + building.wall_kelvin - wall_shadow
    )
    kelvin = np.float32(wall_shadow) + sunlit * np.float32(wall_gain) + 0.28 * mottle + 0.4 * stain
    kelvin = (
        kelvin
        + trim * np.float32(0.25 * light.conditions.heating_kelvin)
        + np.exp(-v / 1.2) * np.float32(0.5)
    )
    inside = np.float32(light.kelvin(lighting.GLASS, 0.1, 0.3 * facing, view)) + warm * np.float32(
        light.conditions.heating_kelvin
    )
    inside = inside + drawn_blind * np.float32(0.5) - 0.8 * (height_in_floor - 0.5)
    kelvin = kelvin + glass * (inside - kelvin)
    emissivity = lighting.MASONRY.emissivity + glass * np.float32(
        lighting.GLASS.emissivity - lighting.MASONRY.emissivity
    )
    source[..., 3] = light.emitted_map(kelvin, emissivity, view)
    return source


def _windows(
    building: Building, u: Array, story: Array, grain_u: Array | np.float32, grain_v: Array | np.float32
) -> Array:
    width, height = building.window
    across = _stripe(u, building.bay, building.bay / 2, width, grain_u)
    post = _stripe(u, building.bay, building.bay / 2, 0.07, grain_u)
    up = _stripe(story, building.floor, building.sill + height / 2, height, grain_v)
    return (across - post * np.float32(0.8)).clip(0.0, 1.0) * up


def _street_level(
    building: Building, u: Array, v: Array, grain_u: Array | np.float32, grain_v: Array | np.float32
) -> Array:
    """Shop windows, or doors between plain windows, below the first floor line."""
    pitch = building.bay * (1.6 if building.shop else 2.0)
    low, high = (0.5, 2.7) if building.shop else (1.0, 2.4)
    across = _stripe(u, pitch, pitch / 2, pitch * (0.8 if building.shop else 0.4), grain_u)
    up = np.clip(np.minimum(v - np.float32(low), np.float32(high) - v) / grain_v + 0.5, 0, 1)
    door = _stripe(u, pitch * 3, 0.0, 1.0, grain_u) * np.clip((np.float32(2.15) - v) / grain_v + 0.5, 0, 1)
    return np.maximum(across * up, door)
