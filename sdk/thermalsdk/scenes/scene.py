"""The street scene: conditions, layout and camera of one seed, and the frame at any time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import ShapeError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.radiometry import LONG_WAVE
from thermalsdk.scenes import buildings, clutter, ground, noise, people, plants, sky, vehicles
from thermalsdk.scenes.camera import Camera
from thermalsdk.scenes.conditions import Conditions, draw_conditions
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas
from thermalsdk.scenes.street import Item, Street, draw_profile, draw_strips

_ID = {name: index for index, name in enumerate(STREET_CLASSES)}
_SKY_INSTANCE, _GROUND_INSTANCE, _SKYLINE_INSTANCE = 1, 2, 3
_REACH = 130.0
_KELVIN_LIMITS = (250.0, 345.0)
_SMALL = ("walkers", "standing", "crossing", "furniture", "bush")
_LABELS = {
    "building": "building",
    "tree": "vegetation",
    "bush": "vegetation",
    "furniture": "background",
    "lamp": "background",
    "walkers": "person",
    "standing": "person",
    "crossing": "person",
}
# Shadow casters: half width, height in metres, and how much colder their shadow is (K).
_SHADOWS = {
    "walkers": (0.2, 1.65, 0.0),
    "standing": (0.2, 1.65, 1.0),
    "crossing": (0.2, 1.65, 0.0),
    "tree": (1.2, 4.0, 2.5),
    "bush": (0.6, 0.9, 1.5),
    "lamp": (0.06, 6.0, 0.5),
}


@dataclass(frozen=True)
class SceneFrame:
    """One rendered moment.

    rgb: uint8 [H, W, 3]; labels: uint8 [H, W] indices into STREET_CLASSES; instances: uint16 [H, W], the same
    object keeps its number over time and has one label; kelvin: float32 [H, W], apparent surface temperature;
    time_s: seconds since the start.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    instances: npt.NDArray[np.uint16]
    kelvin: npt.NDArray[np.float32]
    time_s: float


class StreetScene:
    """A street drawn from `seed`. `render` depends on the seed, the size, the conditions and the time only.

    Raises ShapeError when height or width is no integer of at least 64.
    """

    def __init__(
        self, seed: int, height: int = 512, width: int = 512, conditions: Conditions | None = None
    ) -> None:
        for name, value in (("height", height), ("width", width)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 64:
                raise ShapeError(f"scene {name} is {value!r}", "Use whole numbers of at least 64 pixels.")
        self.seed, self.height, self.width = int(seed), int(height), int(width)
        rng = np.random.default_rng((self.seed & 0xFFFFFFFF, 1))
        drawn = draw_conditions(rng)
        self.conditions = conditions or drawn
        profile = draw_profile(rng)
        lanes = [lane for lane in profile.lanes if lane[1] > 0]
        ego_x = lanes[int(rng.integers(len(lanes)))][0] + float(rng.normal(0, 0.2))
        self._speed = float(rng.choice([0.0, rng.uniform(1.5, 8.0)]))
        self._start = float(rng.uniform(0, 4000.0))
        posts = ((-1,), (1,), (-1, 1), (-1, 1))[int(rng.integers(4))]
        heads = tuple(side * (profile.road_half - 0.9) for side in posts)
        self.light = Light(self.conditions, float(rng.uniform(18, 32)), heads)
        strips = draw_strips(rng, profile, ego_x, self._speed, posts, self.light.lamp_pitch)
        self._street = Street(self.seed & 0xFFFFFFFF, self.light, profile, strips, ego_x)
        self._headlamps = bool(rng.random() < 0.8)
        self._eye = float(rng.uniform(1.25, 2.1))
        self._view = float(np.radians(rng.uniform(46, 72)))
        self._pitch = float(rng.uniform(-0.06, 0.07))
        self._yaw = float(rng.normal(0, 0.05))
        self._clouds = float(rng.uniform(0, 256))
        self._grain = float(rng.uniform(0.004, 0.014)) * (2.0 if self.conditions.night else 1.0)
        self._contrast = float(rng.uniform(0.85, 1.2))
        self._tint = 1.0 + 0.05 * rng.standard_normal(3)

    def frames(self, count: int, fps: float = 15.0) -> Iterator[SceneFrame]:
        """Render the first `count` frames at `fps` frames per second."""
        for i in range(count):
            yield self.render(i / fps)

    def render(self, time_s: float) -> SceneFrame:
        """Render the frame at `time_s` seconds (any finite number)."""
        canvas = Canvas(self.height, self.width)
        camera = self._camera(time_s)
        items = self._items(camera, time_s)
        line = self._street.profile.building_line
        behind = [item for item in items if item.strip.kind == "building" or abs(item.x) > line]
        heights = self._heights(camera, behind)
        self._draw_backdrop(canvas, camera, heights, time_s)
        street = [item for item in items if item.strip.kind != "building" and abs(item.x) <= line]
        self._draw_shadows(canvas, camera, street, time_s)
        for item in sorted(behind, key=lambda item: -item.z):
            self._draw_item(canvas, camera, item, heights, time_s)
        for item in sorted(street, key=lambda item: -_near_edge(item)):
            self._draw_item(canvas, camera, item, heights, time_s)
        return SceneFrame(
            rgb=self._develop(canvas, camera, time_s),
            labels=canvas.labels,
            instances=canvas.instances,
            kelvin=self._kelvin(canvas),
            time_s=float(time_s),
        )

    def _camera(self, time_s: float) -> Camera:
        focal = 0.5 * max(self.height, self.width) / np.tan(self._view / 2)
        bump = 0.0016 * np.sin(7.1 * time_s) * min(self._speed, 4.0) / 4.0
        turn = 0.008 * np.sin(0.35 * time_s)
        return Camera(
            x=self._street.ego_x,
            y=self._eye,
            z=self._start + self._speed * time_s,
            focal=float(focal),
            cx=self.width / 2 + float(focal * (self._yaw + turn)),
            horizon=self.height / 2 + float(focal * (self._pitch + bump)),
        )

    def _items(self, camera: Camera, time_s: float) -> list[Item]:
        found: list[Item] = []
        for strip in self._street.strips:
            own = strip.kind == "traffic" and abs(strip.x - self._street.ego_x) < 1.0
            far = 70.0 if strip.kind in _SMALL else _REACH
            start = camera.z - (_REACH / 4 if strip.kind == "building" else 8.0)
            items = self._street.items(strip, start, camera.z + far, time_s)
            if own:
                items = [item for item in items if _near_edge(item) > camera.z + 4.5]
            found.extend(self._walk(item, time_s) for item in items)
        return found

    def _walk(self, item: Item, time_s: float) -> Item:
        """People who cross the road go to and fro at their own pace."""
        if item.strip.kind != "crossing":
            return item
        x, _, _ = _crossing(item, self._street.profile.road_half + 1.2, time_s)
        return Item(item.strip, item.instance, x, item.z, item.model)

    def _heights(self, camera: Camera, items: list[Item]) -> ground.Heights:
        heights = ground.Heights(camera.z - 80.0, _REACH + 160.0, self._street.profile.building_line)
        for item in items:
            if item.strip.kind == "building":
                heights.add(item.strip.heading, item.model.z0, item.model.z1, item.model.height)
        return heights

    def _draw_backdrop(self, canvas: Canvas, camera: Camera, heights: ground.Heights, time_s: float) -> None:
        canvas.begin(_ID["sky"], _SKY_INSTANCE)
        sky.draw_sky(canvas, camera, self.light, time_s, self._clouds)
        canvas.begin(_ID["building"], _SKYLINE_INSTANCE)
        sky.draw_skyline(canvas, camera, self.light, self.seed & 0xFFFFFFFF, 1.15 * _REACH)
        canvas.begin(_ID["road"], _GROUND_INSTANCE)
        ground.draw_ground(canvas, camera, self.light, self._street.profile, heights, self._headlamps)

    def _draw_shadows(self, canvas: Canvas, camera: Camera, items: list[Item], time_s: float) -> None:
        canvas.begin(_ID["road"], _GROUND_INSTANCE)
        for item in items:
            if item.strip.kind in ("traffic", "parked"):
                vehicles.draw_below(
                    canvas, camera, self.light, item.model, item.x, item.z, item.strip.kind == "parked"
                )
            elif item.strip.kind in _SHADOWS:
                half, height, colder = _SHADOWS[item.strip.kind]
                corners = np.array([[-half, 0, -half], [half, 0, -half], [half, 0, half], [-half, 0, half]])
                vehicles.cast_shadow(
                    canvas, camera, self.light, corners + np.array([item.x, 0.0, item.z]), height, colder
                )

    def _draw_item(
        self, canvas: Canvas, camera: Camera, item: Item, heights: ground.Heights, time_s: float
    ) -> None:
        kind, model = item.strip.kind, item.model
        canvas.begin(_ID[model.kind if kind in ("traffic", "parked") else _LABELS[kind]], item.instance)
        if kind == "building":
            buildings.draw_building(canvas, camera, self.light, model, heights)
        elif kind in ("traffic", "parked"):
            vehicles.draw_vehicle(canvas, camera, self.light, model, item.x, item.z)
            vehicles.draw_lamps(canvas, camera, model, item.x, item.z)
        elif kind in ("tree", "bush"):
            sway = 0.05 * float(np.sin(0.9 * time_s + item.z))
            plants.draw_plant(canvas, camera, self.light, model, item.x, item.z, sway)
        elif kind == "furniture":
            clutter.draw_furniture(canvas, camera, model, item.x, item.z)
        elif kind == "lamp":
            clutter.draw_lamp_post(canvas, camera, self.light, item.x, item.z, item.strip.heading)
        else:
            self._draw_person(canvas, camera, item, time_s)

    def _draw_person(self, canvas: Canvas, camera: Camera, item: Item, time_s: float) -> None:
        person, kind = item.model, item.strip.kind
        heading, walking = (0.0, float(item.strip.heading)), kind == "walkers"
        if kind == "crossing":
            _, way, walking = _crossing(item, self._street.profile.road_half + 1.2, time_s)
            heading = (way, 0.0)
        gait = 2 * np.pi * person.stride_hz * time_s + person.phase if walking else 0.0
        people.draw_person(canvas, camera, self.light, person, np.array([item.x, 0.0, item.z]), heading, gait)

    def _develop(self, canvas: Canvas, camera: Camera, time_s: float) -> npt.NDArray[np.uint8]:
        """Turn linear light into 8 bits: wet reflections, exposure, tone curve, vignette, sensor noise."""
        colour = canvas.light[..., :3]
        if self.conditions.wetness:
            self._mirror(canvas, camera)
        gain = self.conditions.exposure * np.float32(2.6 if self.conditions.night else 1.55) * self._tint
        picture = np.sqrt(1.0 - np.exp(-np.maximum(colour, 0.0) * gain.astype(np.float32)))
        across = (canvas.xs / self.width - 0.5) ** 2
        down = (canvas.ys / self.height - 0.5) ** 2
        picture *= (1.0 - 0.35 * (across[None, :] + down[:, None]))[..., None]
        key = (self.seed & 0xFFFFFFFF, 2, round(time_s * 1000) & 0xFFFFFFFF)
        picture += np.float32(self._grain) * noise.grain(self.height, self.width, key)
        np.clip(picture, 0.0, 1.0, out=picture)
        return (picture * 255.0 + 0.5).astype(np.uint8)

    def _mirror(self, canvas: Canvas, camera: Camera) -> None:
        """Let a wet road mirror what stands above the horizon, more so at a grazing view."""
        first = int(np.clip(np.ceil(camera.horizon + 1), 0, canvas.height))
        rows = np.arange(first, canvas.height)
        source = np.clip(np.round(2 * camera.horizon - rows), 0, canvas.height - 1).astype(np.int32)
        grazing = np.clip(1.0 - (rows - camera.horizon) / camera.focal * 2.2, 0.12, 1.0) ** 2
        share = (0.42 * self.conditions.wetness * grazing).astype(np.float32)[:, None]
        share = share * (canvas.labels[first:] == _ID["road"])
        region = canvas.light[first:, :, :3]
        mirrored = canvas.light[source, :, :3]
        region += share[..., None] * (mirrored - region)

    def _kelvin(self, canvas: Canvas) -> npt.NDArray[np.float32]:
        """Radiance through the blur of a long-wave lens, as apparent temperature in kelvin."""
        sigma = max(0.45, 0.9 * max(self.height, self.width) / 512.0)
        blurred = _blur(np.ascontiguousarray(canvas.light[..., 3]), sigma)
        return np.clip(LONG_WAVE.kelvin(blurred), *_KELVIN_LIMITS)


def _blur(values: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """Gaussian blur, edges replicated."""
    reach = int(np.ceil(2.5 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        padding = [(reach, reach) if axis == i else (0, 0) for i in range(2)]
        padded = np.pad(values, padding, mode="edge")
        length = values.shape[axis]
        windows = [
            padded[i : i + length] if axis == 0 else padded[:, i : i + length] for i in range(2 * reach + 1)
        ]
        values = windows[0] * weights[0]
        for weight, window in zip(weights[1:], windows[1:], strict=True):
            values += weight * window
    return values


def _near_edge(item: Item) -> float:
    if item.strip.kind in ("traffic", "parked"):
        return item.z - float(item.model.length) / 2
    return item.z


def _crossing(item: Item, limit: float, time_s: float) -> tuple[float, float, bool]:
    """Lateral place, direction and whether walking, of someone who goes to and fro across the road."""
    pace, rest = 1.25, 4.0
    single = 2 * limit / pace + rest
    phase = (time_s + 10.0 * item.model.phase) % (2 * single)
    way = 1.0 if phase < single else -1.0
    walked = min((phase % single) * pace, 2 * limit)
    return way * (walked - limit), way, walked < 2 * limit
