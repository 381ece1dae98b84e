"""A bag of thermal messages in the making."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thermalsdk.adapters.ros2.converter import ThermalMessages
from thermalsdk.adapters.ros2.packages import import_rosbags
from thermalsdk.adapters.ros2.topics import CAMERA_INFO, IMAGE, Topics
from thermalsdk.errors import OptionError, OutputError
from thermalsdk.optional import import_optional

#: Version of a bag's metadata; the newest one that ROS 2 Jazzy reads.
_METADATA_VERSION = 8


class BagWriter:
    """Writes thermal messages, and copies messages of another bag.

    A context manager: the bag is complete at the end of the block, and has no index when the block fails.
    Everything raises OutputError when the disk does not take it.
    """

    def __init__(self, path: Path, topics: Topics, storage: str) -> None:
        """Prepare a bag of `storage`, "sqlite3" or "mcap". Raises MissingDependency."""
        rosbag2, typesys = import_rosbags("rosbag2"), import_rosbags("typesys")
        apsw = import_optional("apsw", "rosbags writes .db3 files with it", "pip install 'thermalsdk[ros2]'")
        self._unknown_type = typesys.TypesysError
        self._errors = (OSError, rosbag2.WriterError, apsw.Error)
        self._path = path
        self._typestore = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
        self._topics = topics
        plugin = rosbag2.StoragePlugin[storage.upper()]
        self._writer = rosbag2.Writer(path, version=_METADATA_VERSION, storage_plugin=plugin)
        self._copied: dict[int, Any] = {}

    def __enter__(self) -> BagWriter:
        with self._writable():
            self._writer.open()
            add = self._writer.add_connection
            self._image = add(self._topics.thermal_image, IMAGE, typestore=self._typestore)
            self._info = add(self._topics.thermal_info, CAMERA_INFO, typestore=self._typestore)
        return self

    def __exit__(self, *failure: Any) -> None:
        with self._writable():
            self._writer.__exit__(*failure)

    def write(self, made: ThermalMessages) -> None:
        """Write a thermal image and its CameraInfo, as if received with the colour image."""
        types = self._typestore.types
        given = made.source.header
        stamp = types["builtin_interfaces/msg/Time"](sec=given.stamp.sec, nanosec=given.stamp.nanosec)
        header = types["std_msgs/msg/Header"](stamp=stamp, frame_id=given.frame_id)
        whole = types["sensor_msgs/msg/RegionOfInterest"](
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        image = types[IMAGE](header=header, **made.image)
        info = types[CAMERA_INFO](header=header, **made.info, binning_x=0, binning_y=0, roi=whole)
        for connection, message in ((self._image, image), (self._info, info)):
            data = self._typestore.serialize_cdr(message, connection.msgtype)
            self._append(connection, made.received_ns, data)

    def add_copied(self, connection: Any, typestore: Any) -> None:
        """Announce a topic of another bag; `typestore` is that bag's.

        Raises OptionError for a type of message that the typestore does not know.
        """
        try:
            self._copied[connection.id] = self._writer.add_connection(
                connection.topic,
                connection.msgtype,
                typestore=typestore,
                serialization_format=connection.ext.serialization_format,
                offered_qos_profiles=connection.ext.offered_qos_profiles,
            )
        except self._unknown_type as error:
            raise OptionError(
                f"{connection.topic} cannot be copied: the bag does not define its type {connection.msgtype}",
                "Leave copy out, or first convert the bag to MCAP, which holds definitions, with"
                " `ros2 bag convert` where the type's package is sourced.",
            ) from error

    def copy(self, connection: Any, time_ns: int, data: bytes) -> None:
        """Write a message of an announced topic as it is."""
        self._append(self._copied[connection.id], time_ns, data)

    def _append(self, connection: Any, time_ns: int, data: Any) -> None:
        with self._writable():
            self._writer.write(connection, time_ns, data)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise OutputError(
                f"{self._path} cannot be written: {error}", "Check the free space of the disk."
            ) from error
