"""A live ROS 2 node: a colour topic in, a thermal topic out. Needs an installed ROS 2.

python -m thermalsdk.adapters.ros2 --ros-args -r image:=/camera/image_raw -p ambient:=283.15
"""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from thermalsdk.adapters.ros2.converter import Converter, ThermalMessages, stamp_ns
from thermalsdk.adapters.ros2.packages import import_ros
from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.camera import Camera
from thermalsdk.errors import OptionError
from thermalsdk.labels import LabelIds
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.temperatures import set_temperatures

#: Messages that a topic holds back; one that comes while these wait takes the place of the oldest.
_DEPTH = 2


class ThermalNode:
    """Subscriptions and publishers of one node.

    Subscribes to `image` and `camera_info`, with the parameter `labelled` also to `labels`; publishes
    `thermal/image_raw` (mono16, 0.01 K per count) and `thermal/camera_info` with the stamps of the images.
    When stamps go back, as where a world is reset or a bag is played in a loop, the camera restarts.

    Args:
        node: an `rclpy.node.Node`.
        synthesize: a Synthesizer, or functools.partial of one.
        labelled: whether class maps come along.
        label_ids: numbering of the class maps.
        panoptic: whether class maps are gz-sim's with numbered objects.
        camera: what looks at the surfaces, at the stamps of the images; None for a perfect radiometer.
    """

    def __init__(
        self,
        node: Any,
        synthesize: Synthesize,
        *,
        labelled: bool = False,
        label_ids: LabelIds = "bundle",
        panoptic: bool = False,
        camera: Camera | None = None,
    ) -> None:
        self._messages = import_ros("sensor_msgs.msg")
        self._converter = Converter(
            synthesize, labelled=labelled, label_ids=label_ids, panoptic=panoptic, camera=camera
        )
        self._log = node.get_logger()
        self._newest_ns: dict[str, int] = {}
        qos = import_ros("rclpy.qos")
        # Best effort listens to every camera; reliable, the default, is heard by every listener.
        listening = qos.QoSProfile(depth=_DEPTH, reliability=qos.ReliabilityPolicy.BEST_EFFORT)
        image, info = self._messages.Image, self._messages.CameraInfo
        node.create_subscription(image, "image", self._take_image, listening)
        node.create_subscription(info, "camera_info", self._converter.add_info, listening)
        if labelled:
            node.create_subscription(image, "labels", self._take_labels, listening)
        self._image = node.create_publisher(image, "thermal/image_raw", _DEPTH)
        self._info = node.create_publisher(info, "thermal/camera_info", _DEPTH)

    def _take_image(self, message: Any) -> None:
        self._follow_clock("image", message)
        self._publish(self._converter.add_image(message))

    def _take_labels(self, message: Any) -> None:
        self._follow_clock("labels", message)
        self._publish(self._converter.add_labels(message))

    def _follow_clock(self, topic: str, message: Any) -> None:
        """Restart where a topic's stamps go back: within one run of a clock, ROS delivers them in order."""
        now_ns = stamp_ns(message)
        if now_ns < self._newest_ns.get(topic, now_ns):
            self._log.warning(f"the stamps of {topic} went back to {now_ns / 1e9:g} s: starting anew")
            self._newest_ns.clear()  # the other topic follows, and is not to restart once more
            self._converter.restart()
        self._newest_ns[topic] = now_ns

    def _publish(self, made: ThermalMessages | None) -> None:
        if made is None:
            return
        header = made.source.header
        # rclpy takes these as they are; NumPy arrays of any length it refuses, lists it checks item by item.
        image = {**made.image, "data": array.array("B", made.image["data"].tobytes())}
        info = {**made.info, "d": array.array("d", made.info["d"])}
        self._image.publish(self._messages.Image(header=header, **image))
        self._info.publish(self._messages.CameraInfo(header=header, **info))


def spin(arguments: Sequence[str] | None = None) -> None:
    """Run the node until it is shut down.

    arguments: of ROS, `--ros-args …`; None for the command line's. docs/adapters/ros2.md has the parameters.

    Raises MissingDependency without ROS 2, OptionError for parameters that exclude each other or an ambient
    temperature that is no number, TemperatureError, CameraError, and all that `Synthesizer.load` raises.
    """
    rclpy = import_ros("rclpy")
    shut_down = import_ros("rclpy.executors").ExternalShutdownException
    rclpy.init(args=arguments)
    node = rclpy.create_node("thermal")

    def parameter(name: str, default: Any) -> Any:
        return node.declare_parameter(name, default).value

    try:
        temperatures = set_temperatures(
            _ambient(node),
            parameter("preset", "") or None,
            parameter("temperatures", "") or None,
        )
        camera = parameter("camera", "")
        with Synthesizer.load(
            parameter("bundle", "street"),
            processing_resolution=parameter("processing_resolution", 0) or None,
        ) as synthesizer:
            ThermalNode(
                node,
                partial(synthesizer, temperatures=temperatures or PredictedTemperatures()),
                labelled=parameter("labelled", False),
                label_ids=parameter("label_ids", "bundle"),
                panoptic=parameter("panoptic", False),
                camera=Camera.open(camera) if camera else None,
            )
            with suppress(shut_down):  # by SIGTERM
                rclpy.spin(node)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _ambient(node: Any) -> float | None:
    """The parameter of that name, also where it is written as a whole number; None where it is not set."""
    any_type = import_ros("rcl_interfaces.msg").ParameterDescriptor(dynamic_typing=True)
    value = node.declare_parameter("ambient", math.nan, any_type).value
    try:
        kelvin = float(value)
    except (TypeError, ValueError) as error:
        raise OptionError(f"ambient is {value!r}", "Give kelvin: -p ambient:=288.15") from error
    return None if math.isnan(kelvin) else kelvin
