"""Trees, bushes and hedges: noisy crowns on trunks, close to the air's temperature."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import NEAR, Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
# Crowns start above the view of a camera that passes closely: they are flat, not to be driven through.
_CLEARANCE = 2.9


@dataclass(frozen=True)
class Plant:
    """A crown of blobs (x, y, radius in metres around the stem) on a trunk of `stem` metres, 0 for a bush."""

    stem: float
    girth: float
    blobs: Points
    leaf: Array
    bark: Array
    offset: tuple[float, float]
    leafless: bool
    ragged: float


def make_plant(rng: np.random.Generator, light: Light, bush: bool, lamp: float) -> Plant:
    """Draw a tree or a bush."""
    size = float(rng.uniform(0.5, 0.95) if bush else rng.uniform(1.5, 2.9))
    stem = 0.0 if bush else float(rng.uniform(1.9, 3.4))
    count = 4 if bush else 7
    spread = rng.normal(0, 0.55, (count, 2)) * size
    centre = size * (0.75 if bush else 0.8)
    middle = stem + centre
    blobs = np.column_stack(
        [
            spread[:, 0],
            np.abs(spread[:, 1]) * (0.5 if bush else 1.0) * np.sign(spread[:, 1]) + middle,
            size * rng.uniform(0.55, 0.85, count),
        ]
    )
    if not bush:
        lift = max(0.0, _CLEARANCE - float((blobs[:, 1] - blobs[:, 2]).min()))
        blobs[:, 1] += lift
        stem += 0.8 * lift
    green = np.array([0.09, 0.17, 0.04]) * rng.uniform(0.5, 1.4) + rng.uniform(-0.015, 0.03, 3)
    if rng.random() < 0.12:
        green = np.array([0.36, 0.20, 0.05]) * rng.uniform(0.5, 1.0)
    up = (0.0, 0.6, -0.8)
    return Plant(
        stem=stem,
        girth=float(rng.uniform(0.09, 0.2)),
        blobs=blobs,
        leaf=light.source(np.clip(green, 0.015, 0.6), lighting.LEAF, up, lamp, float(rng.normal(0, 0.4))),
        bark=light.source(
            (0.13, 0.10, 0.08), lighting.BARK, (0.0, 0.0, -1.0), lamp, float(rng.uniform(0.0, 1.5))
        ),
        offset=(float(rng.uniform(0, 256)), float(rng.uniform(0, 256))),
        leafless=light.conditions.bare_trees and not bush,
        ragged=float(rng.uniform(0.2, 0.42)),
    )


def draw_plant(
    canvas: Canvas, camera: Camera, light: Light, plant: Plant, x: float, z: float, sway: float
) -> None:
    """Draw a plant rooted at (x, z) as the object named by `canvas.begin`; `sway` moves the crown (m)."""
    if z - camera.z < 2 * NEAR:
        return
    scale = camera.scale(z)
    foot = camera.project(np.array([[x, 0.0, z]]))[0]
    if plant.stem:
        top = foot + np.array([sway * 0.4 * scale, -(plant.stem + 0.8) * scale])
        canvas.capsule(foot, top, plant.girth * scale, plant.bark, plant.girth * 0.7 * scale)
    if plant.leafless:
        _draw_branches(canvas, plant, foot, scale, sway)
    else:
        _draw_crown(canvas, light, plant, foot, scale, sway)


def _draw_branches(canvas: Canvas, plant: Plant, foot: Points, scale: float, sway: float) -> None:
    fork = foot + np.array([sway * 0.3 * scale, -plant.stem * scale])
    for i, (bx, by, radius) in enumerate(plant.blobs):
        tip = foot + np.array([(bx + sway) * scale, -by * scale])
        canvas.capsule(fork, tip, plant.girth * 0.5 * scale, plant.bark, plant.girth * 0.2 * scale)
        for turn in (-1.1, -0.5, 0.4, 1.0):
            angle = np.pi / 2 + turn + 0.3 * np.sin(3.0 * i)
            end = tip + np.array([np.cos(angle), -np.sin(angle)]) * radius * 1.2 * scale
            canvas.capsule(tip, end, plant.girth * 0.2 * scale, plant.bark, 0.02 * scale)


def _draw_crown(canvas: Canvas, light: Light, plant: Plant, foot: Points, scale: float, sway: float) -> None:
    blobs = plant.blobs
    low = (blobs[:, :2] - blobs[:, 2:] * 1.25).min(axis=0)
    high = (blobs[:, :2] + blobs[:, 2:] * 1.25).max(axis=0)
    shift = foot[0] + sway * scale
    box = canvas.box(
        low[0] * scale + shift,
        foot[1] - high[1] * scale,
        high[0] * scale + shift,
        foot[1] - max(low[1], 0) * scale,
    )
    if box is None:
        return
    x = ((canvas.xs[box[1]] - np.float32(shift)) / np.float32(scale)).astype(np.float32)
    y = ((np.float32(foot[1]) - canvas.ys[box[0]]) / np.float32(scale)).astype(np.float32)[:, None]
    field = np.full((len(y), len(x)), -9.0, np.float32)
    for bx, by, radius in blobs.astype(np.float32):
        np.maximum(field, 1.0 - ((x - bx) ** 2 + (y - by) ** 2) / (radius * radius), out=field)
    texels = min(26.0, scale * 0.6)
    fine = noise.grid(noise.GRAIN, y[:, 0] * texels + plant.offset[0], x * texels + plant.offset[1])
    coarse = noise.grid(noise.COARSE, y[:, 0] * 12.0 + plant.offset[1], x * 12.0 + plant.offset[0])
    field += np.float32(plant.ragged) * (fine + 0.5 * coarse)
    middle, reach = np.float32(blobs[:, 1].mean()), np.float32(2.0 * blobs[:, 2].mean())
    shade = (0.85 + 0.30 * fine + 0.22 * coarse + 0.5 * (y - middle) / reach).clip(0.25, 1.8)
    source = np.empty((*field.shape, 4), np.float32)
    source[..., :3] = plant.leaf[:3] * shade[..., None]
    source[..., 3] = plant.leaf[3] + np.float32(light.per_kelvin) * (
        0.45 * coarse + 0.3 * fine - 0.5 * (y - middle) / reach
    )
    softness = max(0.12, 2.0 / (scale * float(blobs[:, 2].mean())))
    canvas.blend(box, np.clip((field - 0.12) / np.float32(softness) + 0.5, 0.0, 1.0), source)
