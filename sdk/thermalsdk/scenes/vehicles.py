"""Drawing a vehicle: its shadow, the warm road below it, its faces from far to near, and its lamps."""

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import NEAR, Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas
from thermalsdk.scenes.vehicle_builder import Part, Spot, Vehicle

Points = npt.NDArray[np.float64]
# Nearer than this (m) perspective bends a wheel's disc too much for an ellipse, so it is drawn as a polygon.
_ROUND_DEPTH = 5.0
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
_CIRCLE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def draw_vehicle(canvas: Canvas, camera: Camera, light: Light, vehicle: Vehicle, x: float, z: float) -> None:
    """Draw the vehicle standing at (x, z) as the object named by `canvas.begin`."""
    offset = np.array([x, 0.0, z])
    eye = np.array([camera.x, camera.y, camera.z]) - offset
    groups = sorted(
        vehicle.groups, key=lambda group: -float(np.mean([part.points[:, 2].mean() for part in group]))
    )
    fine = camera.scale(z) * vehicle.width > 14.0
    for group in groups:
        for part in group:
            _draw_part(canvas, camera, part, offset, eye, fine)
    facing = -1 if z > camera.z else 1
    for spot in vehicle.hot:
        if spot.facing in (0, facing):
            draw_spot(canvas, camera, spot, offset, canvas.instance)
    anchor = camera.project(np.array([[x, 0.0, max(z, camera.z + 2 * NEAR)]]))[0]
    canvas.texture(
        anchor, 22.0 / camera.scale(z - vehicle.length / 2), 0.05, 0.35 * light.per_kelvin, noise.COARSE
    )


def draw_lamps(canvas: Canvas, camera: Camera, vehicle: Vehicle, x: float, z: float) -> None:
    """Lamps shine over the finished vehicle and a little around it."""
    offset = np.array([x, 0.0, z])
    facing = -1 if z > camera.z else 1
    for spot in vehicle.lamps:
        if spot.facing in (0, facing):
            draw_spot(canvas, camera, spot, offset, None)


def _draw_part(canvas: Canvas, camera: Camera, part: Part, offset: Points, eye: Points, fine: bool) -> None:
    if float(part.normal @ (eye - part.points[0])) <= 0.0:
        return
    points = part.points + offset
    if part.ellipse and points[0, 2] - camera.z < _ROUND_DEPTH:
        points = points[0] + _CIRCLE @ (points[1:] - points[0])
    elif part.ellipse:
        centre, first, second = camera.project(points)
        canvas.ellipse(centre, first - centre, second - centre, part.source)
        return
    outline = camera.project_clipped(points)
    if outline is not None:
        canvas.polygon(outline, part.source)
    if fine or len(part.points) > 4:
        for detail in part.details:
            _draw_part(canvas, camera, detail, offset, eye, fine)


def draw_spot(canvas: Canvas, camera: Camera, spot: Spot, offset: Points, instance: int | None) -> None:
    """Add a soft spot of heat or light; `instance` confines it to one object."""
    centre = spot.centre + offset
    if centre[2] - camera.z < NEAR:
        return
    scale = camera.scale(float(centre[2]))
    place = camera.project(centre[None])[0]
    half = np.maximum(np.array(spot.half) * scale, 0.6)
    canvas.glow(place, np.array([half[0], 0.0]), np.array([0.0, half[1]]), spot.add, instance)


def draw_below(
    canvas: Canvas, camera: Camera, light: Light, vehicle: Vehicle, x: float, z: float, parked: bool
) -> None:
    """Shadow and warm road patch on the ground, before the vehicle itself."""
    half, length = vehicle.width / 2, vehicle.length / 2
    corners = np.array([[-half, 0, -length], [half, 0, -length], [half, 0, length], [-half, 0, length]])
    footprint = corners + np.array([x, 0.0, z])
    cast_shadow(canvas, camera, light, footprint, vehicle.height * 0.9, 3.0 if parked else 0.0)
    outline = camera.project_clipped(footprint)
    if outline is None:
        return
    canvas.darken_ground(outline, 0.55, vehicle.under_kelvin * 0.5 * light.per_kelvin, 0.12 * camera.scale(z))


def cast_shadow(
    canvas: Canvas, camera: Camera, light: Light, footprint: Points, height: float, colder_kelvin: float
) -> None:
    """Shadow of a box on the ground: the hull of its footprint and its roof's shadow."""
    if not light.conditions.irradiance:
        return
    sx, sy, sz = light.sun
    shift = np.array([-sx / sy, 0.0, -sz / sy]) * height
    reach = float(np.linalg.norm(shift))
    if reach > 12.0:
        shift *= 12.0 / reach
    both = np.concatenate([footprint, footprint + shift])
    hull = both[_hull(both[:, [0, 2]])]
    outline = camera.project_clipped(hull)
    if outline is not None:
        facing = light.facing((0.0, 1.0, 0.0))
        sun = light.sun_colour * facing
        share = (sun / (sun + light.sky_colour * 0.85)).astype(np.float32)
        canvas.shade_ground(outline, share, colder_kelvin * light.per_kelvin)


def _hull(points: Points) -> list[int]:
    """Find the indices of the convex hull of [n, 2] points, in order."""
    order = sorted(range(len(points)), key=lambda i: (points[i, 0], points[i, 1]))

    def chain(indices: list[int]) -> list[int]:
        kept: list[int] = []
        for i in indices:
            while len(kept) > 1:
                a, b = points[kept[-1]] - points[kept[-2]], points[i] - points[kept[-2]]
                if a[0] * b[1] - a[1] * b[0] > 0:
                    break
                kept.pop()
            kept.append(i)
        return kept

    return chain(order)[:-1] + chain(order[::-1])[:-1]
