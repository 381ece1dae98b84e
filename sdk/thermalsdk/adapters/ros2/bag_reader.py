"""A recorded bag, opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thermalsdk.adapters.ros2.packages import import_rosbags
from thermalsdk.errors import VideoError
from thermalsdk.optional import import_optional


class BagReader:
    """Messages of a rosbag2 folder, an .mcap or .db3 file of one, or a ROS 1 .bag. A context manager.

    Attributes:
        source: where it is.
        connections: rosbags' descriptions of the topics.
        typestore: rosbags' types of the messages.
        is_ros2: whether it is a bag of ROS 2.

    """

    def __init__(self, source: Path) -> None:
        """Open a bag. Raises VideoError or MissingDependency."""
        highlevel, typesys = import_rosbags("highlevel"), import_rosbags("typesys")
        apsw = import_optional("apsw", "rosbags reads .db3 files with it", "pip install 'thermalsdk[ros2]'")
        self._errors = (OSError, highlevel.AnyReaderError, *highlevel.anyreader.ReaderErrors, apsw.Error)
        self.source = source
        if not source.exists():
            raise VideoError(f"there is no bag {source}", "Name a bag folder, or its .mcap or .db3 file.")
        with self._readable():
            self._reader = highlevel.AnyReader(
                [source], default_typestore=typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
            )
            self._reader.open()
        self.connections = list(self._reader.connections)
        self.typestore = self._reader.typestore
        self.is_ros2 = self._reader.is2

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, *failure: object) -> None:
        self._reader.close()

    def messages(self, connections: Collection[Any]) -> Iterator[tuple[Any, int, bytes]]:
        """Connection, time of reception in nanoseconds and bytes of every message of some connections.

        Raises VideoError.
        """
        with self._readable():
            yield from self._reader.messages(connections)

    def deserialize(self, connection: Any, data: bytes) -> Any:
        """The message in these bytes. Raises VideoError."""
        with self._readable():
            return self._reader.deserialize(data, connection.msgtype)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise VideoError(
                f"the bag {self.source} cannot be read: {error}",
                "Look at it with `ros2 bag info`; `ros2 bag reindex` mends a recording that was cut short.",
            ) from error
