"""Bags written by rosbags, as ROS 1, ROS 2 and gz-sim's bridge would record them."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image
from rosbags import rosbag1, rosbag2
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

ROS2 = get_typestore(Stores.ROS2_HUMBLE)
ROS1 = get_typestore(Stores.ROS1_NOETIC)
IMAGE, COMPRESSED, INFO = (f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo"))
START_NS = 1_700_000_000_123_456_789


def stamp_of(index):
    return START_NS + index * 66_666_667


def received(index):
    """Time at which a bag's recorder got a message: later than its stamp."""
    return stamp_of(index) + 5_000_000


def header(index, types=ROS2):
    seconds, nanoseconds = divmod(stamp_of(index), 10**9)
    time = types.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    numbered = {"seq": index} if types is ROS1 else {}
    return types.types["std_msgs/msg/Header"](stamp=time, frame_id="camera_optical", **numbered)


def image(pixels, index, encoding="rgb8", types=ROS2, padding=0):
    """An Image, each of whose rows ends in `padding` bytes of nothing."""
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(pixels.shape[0], -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xAA)
    return types.types[IMAGE](
        header=header(index, types),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(pixels.dtype.byteorder == ">"),
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


def compressed(pixels, index):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    data = np.frombuffer(file.getvalue(), np.uint8)
    return ROS2.types[COMPRESSED](header=header(index), format="rgb8; png compressed bgr8", data=data)


def info(width, height, index, focal=100.0):
    region = ROS2.types["sensor_msgs/msg/RegionOfInterest"](
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    k = np.array([focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1])
    return ROS2.types[INFO](
        header=header(index),
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=np.array([0.1, -0.2, 0.0, 0.0, 0.0]),
        k=k,
        r=np.eye(3).reshape(-1),
        p=np.insert(k, [3, 6, 9], 0.0),
        binning_x=0,
        binning_y=0,
        roi=region,
    )


def write(path, messages, storage="sqlite3", silent=()):
    """Write (topic, time of reception, message) in order; `silent` are (topic, type) without messages."""
    plugin = rosbag2.StoragePlugin[storage.upper()]
    with rosbag2.Writer(path, version=8, storage_plugin=plugin) as writer:
        connections = {
            topic: writer.add_connection(topic, message_type, typestore=ROS2)
            for topic, message_type in silent
        }
        for topic, time_ns, message in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, message.__msgtype__, typestore=ROS2)
            data = ROS2.serialize_cdr(message, message.__msgtype__)
            writer.write(connections[topic], time_ns, data)
    return path


def write_undefined(path, messages, topic, message_type):
    """As ROS 2 Humble records in SQLite: no types are defined, one of which is a user's own."""
    write(path, messages, silent=[(topic, "std_msgs/msg/Empty")])
    with closing(sqlite3.connect(path / f"{path.name}.db3")) as database:
        database.execute("DELETE FROM message_definitions")
        database.execute("UPDATE topics SET type = ? WHERE name = ?", (message_type, topic))
        database.commit()
    metadata = path / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("std_msgs/msg/Empty", message_type))
    return path


def write_ros1(path, messages):
    with rosbag1.Writer(path) as writer:
        connections = {}
        for topic, time_ns, message in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, message.__msgtype__, typestore=ROS1)
            writer.write(connections[topic], time_ns, ROS1.serialize_ros1(message, message.__msgtype__))
    return path


def read(path):
    """Messages of a bag by topic: lists of (time of reception, message)."""
    found = {}
    with AnyReader([Path(path)]) as reader:
        for connection, time_ns, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            found.setdefault(connection.topic, []).append((time_ns, message))
    return found


def stamped(message):
    """Stamp and frame of a message, whichever library made it."""
    return message.header.stamp.sec, message.header.stamp.nanosec, message.header.frame_id


def stamps(index):
    """What `stamped` says of the message of that index."""
    return (*divmod(stamp_of(index), 10**9), "camera_optical")


def kelvin(message):
    """As a subscriber decodes it."""
    assert (message.encoding, message.is_bigendian, message.step) == ("mono16", 0, 2 * message.width)
    return message.data.view("<u2").reshape(message.height, message.width) / 100
