"""CARLA: tags against the installed library, buffers without copies, frames that belong together."""

import threading
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from thermalsdk import Temperatures
from thermalsdk.adapters.carla import ThermalCamera, attached, tags_of_library, tags_of_version
from thermalsdk.adapters.carla.buffers import bgr, bgra, instance_ids, tags
from thermalsdk.errors import ClosedError, LabelTableError, OptionError, ShapeError, VideoError
from thermalsdk.labels import STREET_CLASSES, table

carla = pytest.importorskip("carla", reason="the package carla has no wheel for this Python")

from tests.sdk.adapters.recorded_carla import (  # noqa: E402 - it needs carla
    RecordedImage,
    Sensor,
    Vehicle,
    World,
    instance_image,
    rgb_image,
)

WARM = Temperatures(ambient=283.15, classes={"person": 305.0})
OLD = {"NONE": 0, "Buildings": 1, "Fences": 2, "Other": 3, "Pedestrians": 4, "Poles": 5, "RoadLines": 6}
OLD |= {
    "Roads": 7,
    "Sidewalks": 8,
    "Vegetation": 9,
    "Vehicles": 10,
    "Walls": 11,
    "TrafficSigns": 12,
    "Sky": 13,
}
OLD |= {"Ground": 14, "Bridge": 15, "RailTrack": 16, "GuardRail": 17, "TrafficLight": 18, "Static": 19}
OLD |= {"Dynamic": 20, "Water": 21, "Terrain": 22}
#: What CARLA's own names mean as street classes; all others are background.
MEANING = {
    "Roads": "road",
    "Sidewalks": "road",
    "RoadLines": "road",
    "Ground": "road",
    "Terrain": "road",
    "RailTrack": "road",
    "Buildings": "building",
    "Walls": "building",
    "Bridge": "building",
    "Vegetation": "vegetation",
    "Sky": "sky",
    "Pedestrians": "person",
    "Rider": "person",
    "Car": "car",
    "Vehicles": "car",
    "Truck": "truck",
    "Bus": "bus",
}


def names_and_numbers():
    new = {name: int(number) for name, number in carla.CityObjectLabel.names.items() if name != "Any"}
    return [("carla", new), ("carla-0.9.13", OLD)]


@pytest.mark.parametrize(("name", "numbers"), names_and_numbers(), ids=["new", "old"])
def test_label_tables_mean_what_carla_calls_its_tags(name, numbers):
    found = table(name).lookup(STREET_CLASSES)
    assert {tag: STREET_CLASSES[found[number]] for tag, number in numbers.items()} == {
        tag: MEANING.get(tag, "background") for tag in numbers
    }


def test_tags_of_the_installed_library():
    assert tags_of_library(carla.CityObjectLabel) == "carla"
    assert tags_of_library(SimpleNamespace(**OLD)) == "carla-0.9.13"
    with pytest.raises(LabelTableError, match="neither"):
        tags_of_library(SimpleNamespace(**{**OLD, "Sky": 3}))


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.9.16", "carla"),
        ("0.9.14", "carla"),
        ("0.10.0", "carla"),
        ("0.9.15-dirty", "carla"),
        ("0.9.13", "carla-0.9.13"),
        ("0.9.9.4", "carla-0.9.13"),
    ],
)
def test_tags_of_versions(version, name):
    assert tags_of_version(version) == name


def test_a_version_without_numbers_is_refused():
    with pytest.raises(OptionError, match="a1b2c3d"):
        tags_of_version("a1b2c3d")


def test_recordings_have_the_attributes_of_carla_images():
    for name in RecordedImage.__dataclass_fields__:
        assert isinstance(getattr(carla.Image, name), property)


def test_buffers_are_read_in_place(moments):
    colours, objects = rgb_image(moments[0], 7), instance_image(moments[0], 7)
    np.testing.assert_array_equal(bgr(colours)[..., ::-1], moments[0].rgb)
    np.testing.assert_array_equal(instance_ids(objects), moments[0].instances)
    for view, image in ((bgr(colours), colours), (tags(objects), objects), (instance_ids(objects), objects)):
        assert np.shares_memory(view, np.frombuffer(image.raw_data, np.uint8))


def test_a_buffer_of_another_size_is_refused(moments):
    image = rgb_image(moments[0], 7)
    image.width += 1
    with pytest.raises(ShapeError, match="96x129"):
        bgra(image)


@pytest.fixture
def pair(street):
    """A thermal camera on two sensors that the test delivers for."""
    rgb, objects = Sensor(), Sensor()
    see = partial(street, temperatures=WARM)
    with ThermalCamera(rgb, objects, see, label_ids="carla", instances=True, capacity=4) as camera:
        yield SimpleNamespace(rgb=rgb, objects=objects, camera=camera)


def test_a_thermal_frame_is_that_of_its_colours_and_tags(pair, street, moments):
    colours = rgb_image(moments[0], 41)
    pair.rgb.deliver(colours)
    pair.objects.deliver(instance_image(moments[0], 41))
    image = pair.camera.read(41)
    expected = street(
        moments[0].rgb,
        labels=tags(instance_image(moments[0], 41)),
        label_ids="carla",
        instances=moments[0].instances,
        temperatures=WARM,
    )
    np.testing.assert_array_equal(image.thermal.kelvin, expected.kelvin)
    assert (image.frame, image.timestamp, image.fov) == (41, colours.timestamp, 90.0)
    assert image.transform == colours.transform
    assert (image.thermal.index, image.thermal.dropped) == (41, 0)


def test_frames_are_paired_by_number_and_losses_counted(pair, moments):
    for frame in (1, 2, 4):
        pair.rgb.deliver(rgb_image(moments[0], frame))
    for frame in (2, 3, 4):
        pair.objects.deliver(instance_image(moments[0], frame))
    images = [pair.camera.read(), pair.camera.read()]
    assert [image.frame for image in images] == [2, 4]
    assert pair.camera.unmatched == 2
    assert sum(image.thermal.dropped for image in images) == 2


def test_what_nobody_reads_is_bounded_and_counted(pair, moments, caplog):
    for frame in range(10):
        pair.objects.deliver(instance_image(moments[0], frame))
        pair.rgb.deliver(rgb_image(moments[0], frame))
    image = pair.camera.read()
    assert (image.frame, image.thermal.dropped, pair.camera.dropped) == (6, 6, 6)
    assert "6 frames were lost" in caplog.text


def test_reading_a_tick_skips_older_pairs(pair, moments):
    for frame in (1, 2, 3):
        pair.objects.deliver(instance_image(moments[0], frame))
        pair.rgb.deliver(rgb_image(moments[0], frame))
    assert pair.camera.read(3).frame == 3
    assert pair.camera.dropped == 2
    with pytest.raises(VideoError, match="frame 4"):
        pair.camera.read(4, timeout=0.01)


def test_a_tick_that_is_past_is_refused_at_once(pair, moments):
    pair.objects.deliver(instance_image(moments[0], 5))
    pair.rgb.deliver(rgb_image(moments[0], 5))
    with pytest.raises(VideoError, match="frame 4"):
        pair.camera.read(4, timeout=60.0)
    assert pair.camera.read().frame == 5


def test_closing_ends_a_waiting_reader(pair):
    threading.Timer(0.05, pair.camera.close).start()
    with pytest.raises(ClosedError):
        pair.camera.read(timeout=60.0)
    assert pair.rgb.callback is None
    assert pair.objects.callback is None


def test_one_actor_can_be_warmer_than_its_class(street, moments):
    people = moments[0].labels == STREET_CLASSES.index("person")
    numbers, sizes = np.unique(moments[0].instances[people], return_counts=True)
    someone = int(numbers[sizes.argmax()])
    hot = Temperatures(ambient=283.15, classes={"person": 300.0}, instances={someone: 315.0})
    rgb, objects = Sensor(), Sensor()
    with ThermalCamera(
        rgb, objects, partial(street, temperatures=hot), label_ids="carla", instances=True
    ) as camera:
        rgb.deliver(rgb_image(moments[0], 1))
        objects.deliver(instance_image(moments[0], 1))
        thermal = camera.read().thermal
    body = people & (moments[0].instances == someone)
    assert np.all(thermal.thermal_labels[body] == 315.0)
    assert np.all(thermal.thermal_labels[people & ~body] == 300.0)


def test_spawned_cameras_share_their_settings_and_are_destroyed(street):
    world = World(seed=9)
    vehicle = Vehicle()
    see = partial(street, temperatures=WARM)
    mounted = attached(world, vehicle, carla.Transform(), see, label_ids="carla", width=128, height=96)
    with suppress(KeyboardInterrupt), mounted as camera:
        assert camera.read(world.tick()).thermal.kelvin.shape == (96, 128)
        raise KeyboardInterrupt
    rgb, objects = world.sensors
    assert (rgb.kind, objects.kind) == ("sensor.camera.rgb", "sensor.camera.instance_segmentation")
    assert rgb.attributes == objects.attributes
    assert rgb.attached_to is vehicle
    assert rgb.destroyed
    assert objects.destroyed


def test_an_unknown_segmentation_is_refused_before_anything_is_spawned(street):
    world = World(seed=9)
    with (
        pytest.raises(OptionError, match="panoptic"),
        attached(world, None, carla.Transform(), street, label_ids="carla", segmentation="panoptic"),
    ):
        pass
    assert world.sensors == []
