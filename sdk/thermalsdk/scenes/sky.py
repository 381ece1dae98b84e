"""Sky: a vertical gradient, clouds on a plane overhead that drift with the wind, and a far skyline."""

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas


def draw_sky(canvas: Canvas, camera: Camera, light: Light, time_s: float, origin: float) -> None:
    """Fill everything above the horizon with sky. `origin` shifts the clouds (texels)."""
    here = light.conditions
    bottom = int(np.clip(np.ceil(camera.horizon + 0.6), 1, canvas.height))
    rise = np.maximum(camera.horizon - canvas.ys[:bottom], 0.0) / camera.focal
    elevation = np.arctan(rise)
    out = canvas.light[:bottom]

    cover = _clouds(canvas, camera, rise, time_s, origin, here.cloud)
    zenith, haze, white = _colours(light)
    blend = np.clip(elevation / 0.75, 0.0, 1.0)[:, None] ** 0.6
    clear = (haze + (zenith - haze) * blend).astype(np.float32)
    out[..., :3] = clear[:, None, :]
    out[..., :3] += (cover * np.float32(1.0))[..., None] * (white - out[..., :3])

    clear_radiance = light.sky_radiance(elevation).astype(np.float32)[:, None]
    warmer = np.float32(light.cloud_radiance) - clear_radiance
    out[..., 3] = clear_radiance + (0.55 * (cover - here.cloud)) * warmer
    canvas.labels[:bottom] = canvas.label
    canvas.instances[:bottom] = canvas.instance


def _clouds(
    canvas: Canvas, camera: Camera, rise: npt.NDArray[np.floating], time_s: float, origin: float, cloud: float
) -> npt.NDArray[np.float32]:
    distance = (26.0 / np.maximum(rise + 0.12, 0.12)).astype(np.float32)
    across = (canvas.xs - camera.cx) / camera.focal
    columns = (distance[:, None] * across + np.float32(0.6 * time_s + origin)).astype(np.float32)
    rows = (distance * np.float32(0.9))[:, None]
    field = 0.75 * noise.smooth(noise.COARSE, rows * np.float32(0.3), columns * np.float32(0.3))
    field += 0.45 * noise.smooth(noise.COARSE, rows, columns)
    threshold = 2.4 * (0.5 - cloud)
    soft = np.clip((field - threshold) / 0.9 + 0.5, 0.0, 1.0)
    return np.asarray(soft * soft * (3.0 - 2.0 * soft), np.float32)


def _colours(
    light: Light,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    here = light.conditions
    if here.night:
        glow = 0.02 + 0.05 * here.lamp_light * (0.4 + here.cloud)
        haze = np.array([1.0, 0.82, 0.66]) * glow
        return (
            np.array([0.006, 0.008, 0.016]),
            haze,
            np.asarray([0.9, 0.8, 0.75], np.float32) * np.float32(glow * 0.9),
        )
    strength = 0.42 + 0.38 * np.sin(np.radians(here.sun_elevation_deg))
    zenith = np.array([0.16, 0.34, 0.78]) * strength
    haze = np.array([0.72, 0.80, 0.90]) * strength * (1.0 - 0.35 * here.wetness)
    white = 1.1 * strength * (1.0 - 0.4 * here.cloud)
    return zenith, haze, np.asarray([white, white * 1.01, white * 1.04], np.float32)


def draw_skyline(canvas: Canvas, camera: Camera, light: Light, seed: int, depth: float) -> None:
    """Hazy blocks where the street ends, `depth` metres ahead, as the current object."""
    rng = np.random.default_rng((seed, 77))
    haze = 1.0 - np.exp(-light.conditions.haze_per_metre * depth)
    air = _colours(light)[1]
    scale = camera.focal / depth
    x = -0.9 * depth
    while x < 0.9 * depth:
        width, height = float(rng.uniform(9, 26)), float(rng.gamma(3.0, 4.5) + 5.0)
        albedo = rng.uniform(0.15, 0.6) * (1.0 + 0.15 * rng.standard_normal(3))
        kelvin = light.conditions.ambient_kelvin + float(rng.uniform(-0.5, 2.0))
        source = np.empty(4, np.float32)
        source[:3] = light.colour(albedo, 0.4, 0.5, 0.05) * (1.0 - haze) + air * haze
        source[3] = light.emitted(kelvin, 0.93, 0.2)
        left = camera.cx + (x - camera.x) * scale
        right, top = left + width * scale, camera.horizon - (height - camera.y) * scale
        low = camera.horizon + camera.y * scale
        canvas.polygon(np.array([[left, top], [right, top], [right, low], [left, low]]), source, 0.3)
        x += width * 0.93
