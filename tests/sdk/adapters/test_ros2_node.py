"""The live node, on a stand-in for rclpy: ROS 2 itself comes with no wheel."""

import sys
from dataclasses import fields
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.sdk.adapters import bags
from thermalsdk import Camera, Temperatures
from thermalsdk.adapters.ros2.__main__ import main
from thermalsdk.adapters.ros2.node import ThermalNode, spin
from thermalsdk.errors import MissingDependency, OptionError

WARM = Temperatures(ambient=285.0, classes={"person": 305.0})


def message_class(name):
    """Takes the fields that ROS defines, and no others, as rclpy's generated classes do."""
    allowed = {field.name for field in fields(bags.ROS2.types[f"sensor_msgs/msg/{name}"])}

    def make(**given):
        assert set(given) <= allowed
        for value in given.values():  # rclpy refuses arrays of NumPy where a message has no fixed length
            assert not isinstance(value, np.ndarray) or value.size in (9, 12)
        return SimpleNamespace(**given)

    return make


class Node:
    def __init__(self, parameters):
        self.parameters = parameters
        self.subscriptions = {}
        self.published = {}
        self.warnings = []
        self.destroyed = False

    def get_logger(self):
        return SimpleNamespace(warning=self.warnings.append)

    def declare_parameter(self, name, default, descriptor=None):
        """A parameter has the type of its default, as in rclpy, where the descriptor does not free it."""
        value = self.parameters.get(name, default)
        free = descriptor is not None and descriptor.dynamic_typing
        assert free or type(value) is type(default), f"{name} is not {type(default).__name__}"
        return SimpleNamespace(value=value)

    def create_subscription(self, kind, topic, callback, qos):
        assert (qos.depth > 0, qos.reliability) == (True, "best effort")
        self.subscriptions[topic] = callback

    def create_publisher(self, kind, topic, qos):
        assert qos > 0
        sent = self.published.setdefault(topic, [])
        return SimpleNamespace(publish=sent.append)

    def destroy_node(self):
        self.destroyed = True


class ExternalShutdown(Exception):
    """What rclpy.spin raises when the context is shut down from elsewhere, as its handler of SIGTERM does."""


MODULES = ("rclpy", "rclpy.qos", "rclpy.executors", "sensor_msgs.msg", "rcl_interfaces.msg")


@pytest.fixture
def ros(monkeypatch):
    """Stand-ins for rclpy and its messages; `ros.spin` is what happens while the node lives."""
    state = SimpleNamespace(node=Node({}), spin=lambda: None, live=False)
    rclpy, qos, executors, messages, interfaces = map(ModuleType, MODULES)
    rclpy.init = lambda args: setattr(state, "live", True)
    rclpy.try_shutdown = lambda: setattr(state, "live", False)
    rclpy.create_node = lambda name: state.node
    rclpy.spin = lambda node: state.spin()
    qos.ReliabilityPolicy = SimpleNamespace(BEST_EFFORT="best effort")
    qos.QoSProfile = SimpleNamespace
    executors.ExternalShutdownException = ExternalShutdown
    interfaces.ParameterDescriptor = SimpleNamespace
    messages.Image, messages.CameraInfo = message_class("Image"), message_class("CameraInfo")
    packages = map(ModuleType, ("sensor_msgs", "rcl_interfaces"))
    for module in (*packages, rclpy, qos, executors, messages, interfaces):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return state


def test_an_image_with_its_class_map_is_published(street, ros, moments):
    ThermalNode(ros.node, partial(street, temperatures=WARM), labelled=True)
    receive = ros.node.subscriptions
    receive["camera_info"](bags.info(128, 96, 0))
    receive["labels"](bags.image(moments[0].labels, 0, "mono8"))
    receive["image"](bags.image(moments[0].rgb, 0))
    (image,), (info,) = ros.node.published["thermal/image_raw"], ros.node.published["thermal/camera_info"]
    expected = street(moments[0].rgb, labels=moments[0].labels, temperatures=WARM)
    assert image.data.tobytes() == expected.raw16.tobytes()
    assert image.header == info.header == bags.header(0)
    np.testing.assert_array_equal(info.k, bags.info(128, 96, 0).k)
    assert info.d.tolist() == [0.1, -0.2, 0.0, 0.0, 0.0]


def test_parameters_and_shutdown(ros, moments):
    ros.node.parameters = {"ambient": 291.0}

    def one_image():
        assert ros.live
        ros.node.subscriptions["image"](bags.image(moments[0].rgb, 0))

    ros.spin = one_image
    spin([])
    (image,) = ros.node.published["thermal/image_raw"]
    assert abs(np.frombuffer(image.data, "<u2").mean() / 100 - 291.0) < 1
    assert "labels" not in ros.node.subscriptions
    assert ros.node.destroyed
    assert not ros.live


def test_whole_kelvin(ros, moments):
    """-p ambient:=288 is an integer to ROS."""
    assert abs(published(ros, moments, ambient=288).mean() / 100 - 288) < 1


@pytest.mark.parametrize("ambient", ["warm", [288.0]])
def test_an_ambient_temperature_that_is_no_number(ros, ambient):
    ros.node.parameters = {"ambient": ambient}
    with pytest.raises(OptionError, match="ambient is"):
        spin([])
    assert ros.node.destroyed


def test_sigterm_ends_the_node_as_it_should(ros):
    def terminated():
        raise ExternalShutdown

    ros.spin = terminated
    assert main() == 0
    assert ros.node.destroyed


def published(ros, moments, **parameters):
    """Counts of the image that a node with these parameters publishes."""
    ros.node = Node(parameters)
    ros.spin = lambda: ros.node.subscriptions["image"](bags.image(moments[0].rgb, 0))
    spin([])
    (image,) = ros.node.published["thermal/image_raw"]
    return np.frombuffer(image.data, "<u2").reshape(image.height, image.width)


def test_a_weather_a_file_and_a_camera(street, ros, moments, tmp_path):
    night = Temperatures.preset("winter-night")
    expected = street(moments[0].rgb, temperatures=night)
    np.testing.assert_array_equal(published(ros, moments, preset="winter-night"), expected.raw16)
    (tmp_path / "night.yaml").write_text("unit: kelvin\nambient: 265\n")
    counts = published(ros, moments, temperatures=str(tmp_path / "night.yaml"))
    assert abs(counts.mean() / 100 - 265) < 1
    seen = Camera.preset("lepton160").view(expected)
    counts = published(ros, moments, preset="winter-night", camera="lepton160")
    np.testing.assert_array_equal(counts, seen.raw16)
    assert np.any(counts != expected.raw16)


def test_a_clock_that_is_set_back(street, ros, moments):
    """A reset world: the class map of its first image comes first, and what waited belongs to the old one."""
    camera = Camera.preset("lepton160")
    ThermalNode(ros.node, partial(street, temperatures=WARM), labelled=True, camera=camera)
    receive = ros.node.subscriptions
    sent = ros.node.published["thermal/image_raw"]
    for second in (0, 1):
        receive["labels"](bags.image(moments[second].labels, second, "mono8"))
        receive["image"](bags.image(moments[second].rgb, second))
    receive["image"](bags.image(moments[2].rgb, 2))
    assert (len(sent), ros.node.warnings) == (2, [])
    for second in (0, 1, 2):
        receive["labels"](bags.image(moments[second].labels, second, "mono8"))
        receive["image"](bags.image(moments[second].rgb, second))
    assert [image.header for image in sent] == [bags.header(second) for second in (0, 1, 0, 1, 2)]
    assert sent[2].data.tobytes() == sent[0].data.tobytes()  # the camera is as it was when it was switched on
    assert len(ros.node.warnings) == 1
    assert "went back to" in ros.node.warnings[0]


def test_parameters_that_exclude_each_other(ros):
    ros.node.parameters = {"ambient": 290.0, "preset": "rain"}
    with pytest.raises(OptionError, match="more than one of the parameters"):
        spin([])
    assert ros.node.destroyed


def test_without_ros_the_error_says_how_to_get_it(capsys):
    with pytest.raises(MissingDependency, match="rclpy") as caught:
        spin([])
    assert "/opt/ros" in caught.value.hint
    assert main() == 1
    assert "setup.bash" in capsys.readouterr().err
