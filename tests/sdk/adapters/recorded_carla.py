"""CARLA played by the procedural street: images in the layout of `carla.Image`, sensors with threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import carla
import numpy as np

from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import StreetScene

TAGS = {
    "background": "Other",
    "sky": "Sky",
    "road": "Roads",
    "building": "Buildings",
    "vegetation": "Vegetation",
    "truck": "Truck",
    "bus": "Bus",
    "minibus": "Car",
    "car": "Car",
    "person": "Pedestrians",
}
TAG_OF_CLASS = np.array([int(carla.CityObjectLabel.names[TAGS[name]]) for name in STREET_CLASSES], np.uint8)


@dataclass
class RecordedImage:
    """The attributes of `carla.Image` that are documented in CARLA's ref_sensors."""

    frame: int
    timestamp: float
    transform: carla.Transform
    width: int
    height: int
    fov: float
    raw_data: memoryview


def record(pixels, frame, fov=90.0):
    height, width = pixels.shape[:2]
    place = carla.Transform(carla.Location(x=float(frame), y=2.0, z=2.4), carla.Rotation(yaw=30.0))
    return RecordedImage(frame, 0.05 * frame, place, width, height, fov, memoryview(pixels.tobytes()))


def rgb_image(moment, frame):
    alpha = np.full((*moment.rgb.shape[:2], 1), 255, np.uint8)
    return record(np.concatenate([moment.rgb[..., ::-1], alpha], axis=-1), frame)


def instance_image(moment, frame):
    """BGRA: high byte of the instance, low byte, tag, 255."""
    tags = TAG_OF_CLASS[moment.labels]
    low, high = (moment.instances & 0xFF).astype(np.uint8), (moment.instances >> 8).astype(np.uint8)
    return record(np.stack([high, low, tags, np.full_like(tags, 255)], axis=-1), frame)


@dataclass
class Sensor:
    """A camera of the world; tests deliver by hand, `World.tick` in a thread."""

    kind: str = ""
    attributes: dict = field(default_factory=dict)
    attached_to: Any = None
    callback: Any = None
    destroyed: bool = False

    def listen(self, callback):
        self.callback = callback

    def stop(self):
        self.callback = None

    def destroy(self):
        self.destroyed = True

    def deliver(self, image):
        if self.callback is not None:
            self.callback(image)


@dataclass
class Blueprint:
    kind: str
    attributes: dict = field(default_factory=dict)

    def set_attribute(self, name, value):
        assert isinstance(value, str)
        self.attributes[name] = value


class Blueprints:
    def find(self, kind):
        return Blueprint(kind)


class Actors(list):
    def filter(self, pattern):
        assert pattern == "vehicle.*"
        return self


@dataclass
class Vehicle:
    id: int = 70_000


class World:
    """A world that renders a street at every tick and delivers the segmentation before the colours."""

    def __init__(self, seed):
        self._seed = seed
        self._frame = 100
        self.sensors = []
        self.settings = None

    def get_settings(self):
        return carla.WorldSettings()

    def apply_settings(self, settings):
        self.settings = settings

    def get_actors(self):
        return Actors([Vehicle()])

    def get_blueprint_library(self):
        return Blueprints()

    def spawn_actor(self, blueprint, transform, attach_to=None):
        assert isinstance(transform, carla.Transform)
        sensor = Sensor(blueprint.kind, blueprint.attributes, attach_to)
        self.sensors.append(sensor)
        return sensor

    def tick(self):
        self._frame += 1
        size = self.sensors[0].attributes
        scene = StreetScene(self._seed, int(size["image_size_y"]), int(size["image_size_x"]))
        moment = scene.render(0.05 * self._frame)
        for sensor in reversed(self.sensors):
            make = rgb_image if sensor.kind.endswith("rgb") else instance_image
            threading.Thread(target=sensor.deliver, args=(make(moment, self._frame),)).start()
        return self._frame


class Client:
    def __init__(self, host, port):
        self.world = World(seed=9)

    def get_world(self):
        return self.world

    def get_server_version(self):
        return "0.9.16"
