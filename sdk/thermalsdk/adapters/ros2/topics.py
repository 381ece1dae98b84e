"""The topics of a bag that are read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from thermalsdk.errors import OptionError

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
#: Of a topic: https://design.ros2.org/articles/topic_and_service_names.html
_NAME = re.compile(r"(?:/[A-Za-z_][A-Za-z0-9_]*)+")


@dataclass(frozen=True)
class Topics:
    """Names of topics; None where there is none.

    Args:
        image: colour images.
        labels: class maps.
        info: CameraInfo of the colour images.
        thermal_image: thermal images to be written.
        thermal_info: their CameraInfo.
    """

    image: str
    labels: str | None
    info: str | None
    thermal_image: str
    thermal_info: str

    @classmethod
    def chosen(cls, present: dict[str, str], image: str | None, labels: str | None, namespace: str) -> Topics:
        """Choose among the topics of a bag.

        Args:
            present: message types by topic.
            image: colour images; None for the only ones.
            labels: class maps, if any.
            namespace: of the thermal topics.

        Raises OptionError when a topic is absent, holds no images, or cannot be chosen, or the namespace is
        no name of ROS 2.
        """
        pictures = [name for name, kind in present.items() if _holds_images(kind) and name != labels]
        if image is None:
            image = _only(pictures)
        for name in (image, labels):
            if name is not None and not _holds_images(present.get(name)):
                raise OptionError(
                    f"{name} is no topic of images in the bag", f"Those are {', '.join(pictures) or 'none'}."
                )
        if labels is not None and present[labels] == COMPRESSED_IMAGE:
            raise OptionError(
                f"{labels} holds compressed images",
                "Class maps must be uncompressed Image, whose ids are exact.",
            )
        info = f"{_camera(image, present[image])}/camera_info"
        base = _base(namespace)
        return cls(
            image=image,
            labels=labels,
            info=info if present.get(info) == CAMERA_INFO else None,
            thermal_image=f"{base}/image_raw",
            thermal_info=f"{base}/camera_info",
        )

    def refuse_written(self, present: Iterable[str]) -> None:
        """Raise OptionError when what is to be written is already among `present`."""
        twice = {self.thermal_image, self.thermal_info} & set(present)
        if twice:
            raise OptionError(f"the bag already has {min(twice)}", "Choose another namespace.")

    @property
    def read(self) -> tuple[str, ...]:
        """All that are read."""
        return tuple(name for name in (self.image, self.labels, self.info) if name is not None)


def _base(namespace: str) -> str:
    """The namespace with one slash in front. Raises OptionError where ROS 2 would refuse it."""
    base = f"/{namespace.strip('/')}"
    if not _NAME.fullmatch(base):
        raise OptionError(
            f"namespace={namespace!r} is no name of ROS 2",
            "Names such as /thermal or /car/ir hold letters, digits and _, and begin with no digit.",
        )
    return base


def _holds_images(message_type: str | None) -> bool:
    return message_type in (IMAGE, COMPRESSED_IMAGE)


def _only(pictures: list[str]) -> str:
    if len(pictures) != 1:
        raise OptionError(
            f"the bag has {len(pictures)} topics of images",
            f"Name the one of the colours: {', '.join(pictures)}." if pictures else "Record one first.",
        )
    return pictures[0]


def _camera(topic: str, message_type: str) -> str:
    """Namespace of a camera: /camera of /camera/image_raw and of /camera/image_raw/compressed."""
    return topic.rsplit("/", 2 if message_type == COMPRESSED_IMAGE else 1)[0]
