"""From messages of a colour camera to the arrays and fields of a thermal one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thermalsdk.adapters.pairing import Pairing
from thermalsdk.adapters.ros2 import images
from thermalsdk.adapters.ros2.camera_info import intrinsics
from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.camera import Camera
from thermalsdk.frame import Frame
from thermalsdk.labels import LabelIds


@dataclass(frozen=True)
class ThermalMessages:
    """What is published of one frame; the header is the colour image's own.

    Args:
        source: the colour image's message.
        image: fields of a sensor_msgs/Image in mono16, 0.01 K per count, but for the header.
        info: fields of its sensor_msgs/CameraInfo but for the header.
        thermal: the thermal frame.
        received_ns: what was given with the colour image.
    """

    source: Any
    image: dict[str, Any]
    info: dict[str, Any]
    thermal: Frame
    received_ns: int


class Converter:
    """Turns colour images, and class maps of the same stamp where there are any, into thermal ones.

    Args:
        synthesize: a Synthesizer, or functools.partial of one.
        labelled: whether every image waits for the class map of its stamp.
        label_ids: numbering of the class maps.
        panoptic: whether class maps are gz-sim's with numbered objects.
        camera: what looks at the surfaces, at the stamps of the images; None for a perfect radiometer.
    """

    def __init__(
        self,
        synthesize: Synthesize,
        *,
        labelled: bool,
        label_ids: LabelIds = "bundle",
        panoptic: bool = False,
        camera: Camera | None = None,
    ) -> None:
        self._synthesize = synthesize
        self._labelled = labelled
        self._label_ids = label_ids
        self._panoptic = panoptic
        self._camera = camera
        self._first_ns: int | None = None
        self._info: Any | None = None
        self._pairing: Pairing[tuple[Any, int], Any] = Pairing()

    @property
    def unmatched(self) -> int:
        """Images and class maps given up so far, because none of the other had their stamp."""
        return self._pairing.unmatched

    @property
    def waiting(self) -> int:
        """Images and class maps that wait for the other."""
        return self._pairing.waiting

    def restart(self) -> None:
        """Forget the messages that wait, and restart the camera: the clock of the stamps was set back."""
        self._pairing.clear()
        self._first_ns = None
        if self._camera is not None:
            self._camera.restart()

    def add_info(self, message: Any) -> None:
        """Take the colour camera's CameraInfo, which holds until the next one."""
        self._info = message

    def add_image(self, message: Any, received_ns: int = 0) -> ThermalMessages | None:
        """Take an Image or CompressedImage; what to publish, unless its class map has to come first.

        received_ns: time of reception, which comes along to what is published.

        Raises VideoError, CameraError for a stamp older than the one before where there is a camera, and all
        that a call of the synthesizer raises.
        """
        if not self._labelled:
            return self._convert((message, received_ns), None)
        pair = self._pairing.add_first(stamp_ns(message), (message, received_ns))
        return None if pair is None else self._convert(*pair)

    def add_labels(self, message: Any) -> ThermalMessages | None:
        """Take a class map; what to publish, if its image came before. Raises as `add_image`."""
        pair = self._pairing.add_second(stamp_ns(message), message)
        return None if pair is None else self._convert(*pair)

    def _convert(self, received: tuple[Any, int], class_map: Any | None) -> ThermalMessages:
        image, received_ns = received
        known = None if class_map is None else images.labels(class_map, panoptic=self._panoptic)
        thermal = self._synthesize(
            images.rgb(image),
            color="rgb",
            labels=None if known is None else known.labels,
            label_ids=self._label_ids,
            instances=None if known is None else known.instances,
        )
        if self._camera is not None:
            thermal = self._camera.view(thermal, self._seconds(image))
        height, width = thermal.raw16.shape
        info = intrinsics(self._info, width, height)
        return ThermalMessages(image, images.mono16(thermal.raw16), info, thermal, received_ns)

    def _seconds(self, image: Any) -> float:
        """Time of an image since the first one."""
        now_ns = stamp_ns(image)
        if self._first_ns is None:
            self._first_ns = now_ns
        return (now_ns - self._first_ns) / 1e9


def stamp_ns(message: Any) -> int:
    """Time in a message's header in nanoseconds."""
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
