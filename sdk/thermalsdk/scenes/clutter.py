"""Street furniture: lamp posts, signs, traffic lights, fences, bollards, bins and parked bicycles."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes.camera import NEAR, Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
KINDS = ("sign", "signal", "fence", "bollard", "bin", "bicycle", "cabinet", "bench")


@dataclass(frozen=True)
class Furniture:
    """One object of a kind with its main and second paint ([4] each) and a size factor."""

    kind: str
    main: Array
    second: Array
    size: float
    round_plate: bool
    side: int


def make_furniture(rng: np.random.Generator, kind: str, light: Light, lamp: float, side: int) -> Furniture:
    """Draw the paint of one object; electric ones are warm, thin metal follows air and sky."""
    face = (0.0, 0.1, -0.99)
    grey = np.full(3, float(rng.uniform(0.08, 0.5)))
    vivid = np.array(
        [(0.55, 0.04, 0.04), (0.05, 0.14, 0.5), (0.75, 0.75, 0.72), (0.65, 0.5, 0.05), (0.06, 0.3, 0.12)][
            rng.integers(5)
        ]
    )
    warm = {"signal": 4.0, "cabinet": 3.5}.get(kind, 0.0) * float(rng.uniform(0.5, 1.3))
    main = light.source(grey, lighting.METAL, face, lamp, warm * 0.3 + float(rng.normal(0, 0.5)))
    second = light.source(vivid, lighting.METAL, face, lamp, warm + float(rng.normal(0, 0.5)))
    return Furniture(kind, main, second, float(rng.uniform(0.85, 1.15)), bool(rng.random() < 0.5), side)


def draw_furniture(canvas: Canvas, camera: Camera, item: Furniture, x: float, z: float) -> None:
    """Draw one object standing at (x, z) as the object named by `canvas.begin`."""
    if z - camera.z < 2 * NEAR:
        return
    foot, scale = camera.project(np.array([[x, 0.0, z]]))[0], camera.scale(z) * item.size
    {
        "sign": _sign,
        "signal": _signal,
        "fence": _fence,
        "bollard": _bollard,
        "bin": _bin,
        "bicycle": _bicycle,
        "cabinet": _cabinet,
        "bench": _bench,
    }[item.kind](canvas, camera, item, foot, scale, x, z)


def _up(foot: Points, scale: float, x: float, y: float) -> Points:
    return foot + np.array([x * scale, -y * scale])


def _box(
    canvas: Canvas, foot: Points, scale: float, extent: tuple[float, float, float, float], paint: Array
) -> None:
    x0, y0, x1, y1 = extent
    canvas.polygon(
        np.array([_up(foot, scale, a, b) for a, b in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]), paint
    )


def _sign(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    canvas.capsule(foot, _up(foot, scale, 0, 2.7), 0.04 * scale, item.main)
    if item.round_plate:
        canvas.ellipse(
            _up(foot, scale, 0, 2.55), np.array([0.33 * scale, 0]), np.array([0, 0.33 * scale]), item.second
        )
        canvas.ellipse(
            _up(foot, scale, 0, 2.55), np.array([0.22 * scale, 0]), np.array([0, 0.22 * scale]), item.main
        )
    else:
        _box(canvas, foot, scale, (-0.3, 2.2, 0.3, 2.9), item.second)


def _signal(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    canvas.capsule(foot, _up(foot, scale, 0, 3.4), 0.07 * scale, item.main)
    _box(
        canvas,
        foot,
        scale,
        (-0.18, 2.6, 0.18, 3.6),
        item.main * np.array([0.15, 0.15, 0.15, 1.0], np.float32),
    )
    glare = item.second.copy()
    glare[:3] = (1.2, 0.1, 0.08) if item.round_plate else (0.1, 1.0, 0.45)
    centre = _up(foot, scale, 0, 3.4 if item.round_plate else 2.8)
    canvas.ellipse(centre, np.array([0.11 * scale, 0]), np.array([0, 0.11 * scale]), glare)


def _fence(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    posts = np.array([[x, y, z + k * 1.5] for k in range(4) for y in (0.0, 0.95)])
    flat = camera.project(posts).reshape(4, 2, 2)
    for k in range(3, -1, -1):
        size = camera.scale(z + k * 1.5)
        canvas.capsule(flat[k, 0], flat[k, 1], 0.035 * size, item.main)
        if k < 3:
            for height in (0.5, 0.93):
                a = flat[k, 0] + (flat[k, 1] - flat[k, 0]) * height / 0.95
                b = flat[k + 1, 0] + (flat[k + 1, 1] - flat[k + 1, 0]) * height / 0.95
                canvas.capsule(b, a, 0.025 * camera.scale(z + k * 1.5 + 1.5), item.main, 0.025 * size)


def _bollard(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    canvas.capsule(foot, _up(foot, scale, 0, 0.85), 0.07 * scale, item.main)
    _box(canvas, foot, scale, (-0.07, 0.6, 0.07, 0.72), item.second)


def _bin(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    _box(canvas, foot, scale, (-0.26, 0.0, 0.26, 0.9), item.second)
    _box(canvas, foot, scale, (-0.29, 0.86, 0.29, 0.98), item.main)


def _bicycle(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    dark = item.main * np.array([0.25, 0.25, 0.25, 1.0], np.float32)
    places = camera.project(
        np.array(
            [[x, 0.34, z + 0.5], [x, 0.34, z - 0.5], [x, 0.9, z - 0.15], [x, 0.95, z + 0.45], [x, 0.3, z]]
        )
    )
    rear, front, saddle, bar, pedal = places
    for hub, near in ((rear, z + 0.5), (front, z - 0.5)):
        ring = 0.33 * camera.scale(near)
        rim = [hub + ring * np.array([0.35 * np.cos(a), np.sin(a)]) for a in np.linspace(0, 2 * np.pi, 11)]
        for a, b in pairwise(rim):
            canvas.capsule(a, b, 0.022 * scale, dark)
    for a, b in ((rear, pedal), (pedal, saddle), (pedal, bar), (saddle, bar), (bar, front), (saddle, rear)):
        canvas.capsule(a, b, 0.022 * scale, item.second)


def _cabinet(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    _box(canvas, foot, scale, (-0.4, 0.0, 0.4, 1.25), item.main)
    _box(
        canvas,
        foot,
        scale,
        (-0.34, 0.75, 0.34, 1.1),
        item.second * np.array([0.6, 0.6, 0.6, 1.0], np.float32),
    )


def _bench(
    canvas: Canvas, camera: Camera, item: Furniture, foot: Points, scale: float, x: float, z: float
) -> None:
    _box(canvas, foot, scale, (-0.7, 0.4, 0.7, 0.5), item.second)
    _box(canvas, foot, scale, (-0.7, 0.55, 0.7, 0.85), item.second)
    for leg in (-0.6, 0.6):
        _box(canvas, foot, scale, (leg - 0.04, 0.0, leg + 0.04, 0.6), item.main)


def draw_lamp_post(canvas: Canvas, camera: Camera, light: Light, x: float, z: float, side: int) -> None:
    """Draw a street lamp at (x, z) whose arm reaches over the road, its head warm and bright at night."""
    if z - camera.z < 2 * NEAR:
        return
    scale, height = camera.scale(z), light.lamp_height
    foot = camera.project(np.array([[x, 0.0, z]]))[0]
    paint = light.source((0.16, 0.17, 0.17), lighting.METAL, (0.0, 0.0, -1.0), 0.1)
    head = light.source(
        (0.4, 0.4, 0.38), lighting.METAL, (0.0, -1.0, 0.0), 0.2, 6.0 if light.conditions.night else 0.0
    )
    top = _up(foot, scale, 0, height)
    tip = _up(foot, scale, -side * 1.4, height + 0.25)
    canvas.capsule(foot, top, 0.085 * scale, paint, 0.055 * scale)
    canvas.capsule(top, tip, 0.05 * scale, paint)
    if light.conditions.night:
        head[:3] = light.lamp_colour * 4.0
    canvas.ellipse(tip, np.array([0.36 * scale, 0.0]), np.array([0.0, 0.11 * scale]), head)
    if light.conditions.night:
        halo = np.array([*(light.lamp_colour * 0.22), 0.0], np.float32)
        canvas.glow(tip, np.array([1.2 * scale, 0.0]), np.array([0.0, 1.2 * scale]), halo)
