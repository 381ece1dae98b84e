"""A bag with a colour camera becomes a bag with a thermal one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermalsdk.adapters.ros2.bag_reader import BagReader
from thermalsdk.adapters.ros2.bag_writer import BagWriter
from thermalsdk.adapters.ros2.converter import Converter, ThermalMessages
from thermalsdk.adapters.ros2.topics import Topics
from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.camera import Camera
from thermalsdk.errors import OptionError, OutputError
from thermalsdk.labels import LabelIds
from thermalsdk.partial import Partial

_LOG = logging.getLogger("thermalsdk")
STORAGES = ("sqlite3", "mcap")


@dataclass(frozen=True)
class BagReport:
    """What was converted.

    Args:
        topic: the colour topic that was read.
        frames: thermal images written.
        unmatched: images and class maps left out, because none of the other had their stamp.
    """

    topic: str
    frames: int
    unmatched: int


def convert_bag(
    source: str | Path,
    out: str | Path,
    synthesize: Synthesize,
    *,
    topic: str | None = None,
    labels_topic: str | None = None,
    label_ids: LabelIds = "bundle",
    panoptic: bool = False,
    namespace: str = "/thermal",
    storage: str = "sqlite3",
    copy: bool = False,
    camera: Camera | None = None,
) -> BagReport:
    """Read a bag and write one with `NAMESPACE/image_raw` and `NAMESPACE/camera_info`.

    Headers and times of reception are those of the colour images.

    Args:
        source: a rosbag2 folder, an .mcap or .db3 file of one, or a ROS 1 .bag.
        out: folder of the new bag, which must not exist yet. It is complete or absent.
        synthesize: a Synthesizer, or functools.partial of one.
        topic: colour images, raw or compressed; None for the only ones.
        labels_topic: class maps with the stamps of the images, if any.
        label_ids: numbering of the class maps.
        panoptic: whether they are gz-sim's with numbered objects.
        namespace: where the thermal topics are.
        storage: "sqlite3" or "mcap".
        copy: take all topics of `source` along. Not from ROS 1, nor where the bag does not define a type of
            messages of its own, as .db3 files of ROS 2 Humble do not.
        camera: what looks at the surfaces, at the stamps of the images; it starts anew. The images have the
            size of its detector, and CameraInfo with them. None for a perfect radiometer.

    Raises VideoError when the bag or a message cannot be read, OptionError for a topic, namespace or storage
    that cannot be used, CameraError where a camera meets stamps that run backwards, OutputError,
    MissingDependency, and all that a call of the synthesizer raises.
    """
    if storage not in STORAGES:
        raise OptionError(f"storage={storage!r} is unknown", f"Choose one of {', '.join(STORAGES)}.")
    partial = Partial(Path(out), folder=True)
    try:
        with BagReader(Path(source)) as reader:
            if copy and not reader.is_ros2:
                raise OptionError("topics of ROS 1 cannot go into a ROS 2 bag", "Leave copy out.")
            present = {connection.topic: connection.msgtype for connection in reader.connections}
            topics = Topics.chosen(present, topic, labels_topic, namespace)
            if copy:
                topics.refuse_written(present)
            written = partial.temporary / partial.final.name
            if camera is not None:
                camera.restart()
            converter = Converter(
                synthesize,
                labelled=labels_topic is not None,
                label_ids=label_ids,
                panoptic=panoptic,
                camera=camera,
            )
            with BagWriter(written, topics, storage) as writer:
                report = _convert(reader, writer, converter, topics, copy)
        _move(written, partial.final)
    finally:
        partial.discard()
    return report


def _convert(
    reader: BagReader, writer: BagWriter, converter: Converter, topics: Topics, copy: bool
) -> BagReport:
    _learn_first_info(reader, converter, topics)
    copied = {c.id for c in reader.connections} if copy else set()
    for connection in reader.connections if copy else ():
        writer.add_copied(connection, reader.typestore)
    frames = 0
    wanted = [c for c in reader.connections if c.id in copied or c.topic in topics.read]
    for connection, time_ns, data in reader.messages(wanted):
        if connection.id in copied:
            writer.copy(connection, time_ns, data)
        if connection.topic in topics.read:
            message = reader.deserialize(connection, data)
            made = _made(converter, topics, connection.topic, message, time_ns)
            if made is not None:
                writer.write(made)
                frames += 1
    unmatched = converter.unmatched + converter.waiting
    if unmatched:
        _LOG.warning("bag: %d images or class maps had no partner of the same stamp", unmatched)
    return BagReport(topics.image, frames, unmatched)


def _learn_first_info(reader: BagReader, converter: Converter, topics: Topics) -> None:
    """The first image may come before the first CameraInfo."""
    infos = [connection for connection in reader.connections if connection.topic == topics.info]
    first = next(iter(reader.messages(infos)), None) if infos else None
    if first is not None:  # a topic may be listed and have no message
        connection, _, data = first
        converter.add_info(reader.deserialize(connection, data))


def _made(
    converter: Converter, topics: Topics, topic: str, message: Any, time_ns: int
) -> ThermalMessages | None:
    if topic == topics.image:
        return converter.add_image(message, time_ns)
    if topic == topics.labels:
        return converter.add_labels(message)
    converter.add_info(message)
    return None


def _move(written: Path, final: Path) -> None:
    try:
        written.replace(final)
    except OSError as error:
        raise OutputError(f"{final} cannot be completed: {error}", "Check the free space.") from error
