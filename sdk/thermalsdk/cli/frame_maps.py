"""Class maps and instance maps that lie beside a source as pictures, and class maps that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.documents import read_document
from thermalsdk.errors import VideoError
from thermalsdk.video import Source, SourceFrame
from thermalsdk.video.id_pictures import read_ids, save_ids
from thermalsdk.video.picture_source import list_pictures
from thermalsdk.video.sinks import FolderSink
from thermalsdk.video.source import ClockKind, close_ends_waits

#: File beside instance maps that names their objects, so that temperatures can be given by name.
NAMES = "names.json"


class MapFolder:
    """A folder of one-channel pictures that hold ids.

    For pictures, the map has the picture's name and ends in .png; for a video, the maps are taken in natural
    order of their names, one a frame.
    """

    def __init__(self, folder: Path, kind: str, source: Source, total: int | None, *, whole: bool) -> None:
        """Find the maps.

        Args:
            folder: where they are.
            kind: what errors call one of them, such as "class map".
            source: whose frames they belong to.
            total: frames to be expected, or None where that is unknown.
            whole: whether they are all frames of the source.

        Raises VideoError where there is no such folder, or not one map a frame.
        """
        if not folder.is_dir():
            raise VideoError(f"there is no folder {folder}", f"Name the folder of the {kind}s.")
        self._folder = folder
        self._kind = kind
        self._in_order = None if source.clock == "none" else list_pictures(folder)
        if self._in_order is None:
            return
        found = len(self._in_order)
        if found < (total or 1) or (whole and total is not None and found > total):
            raise VideoError(
                f"{folder} holds {found} {kind}s for {total} frames", "Give one map a frame, or --max-frames."
            )

    def read(self, frame: SourceFrame) -> npt.NDArray[Any]:
        """Ids of one frame. Raises VideoError where its map is absent or unreadable."""
        return read_ids(self._path(frame), self._kind)

    def _path(self, frame: SourceFrame) -> Path:
        if self._in_order is None:
            return self._folder / f"{frame.name}.png"
        if frame.index >= len(self._in_order):
            raise VideoError(
                f"{self._folder} has no {self._kind} for frame {frame.name}", "Give one map a frame."
            )
        return self._in_order[frame.index]


class MappedSource:
    """Frames of a source with their maps, which are read where the frames are: ahead, in the reader's thread.

    Implements `Source`.
    """

    def __init__(self, source: Source, labels: MapFolder | None, instances: MapFolder | None) -> None:
        self._source = source
        self._labels = labels
        self._instances = instances
        self.clock: ClockKind = source.clock
        self.rate: float | None = source.rate
        self.count: int | None = source.count
        self.single = source.single
        self.close_ends_waits = close_ends_waits(source)

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self._source:
            yield replace(
                frame,
                labels=None if self._labels is None else self._labels.read(frame),
                instances=None if self._instances is None else self._instances.read(frame),
            )

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def read_instance_names(folder: Path) -> dict[int, str] | None:
    """Names of the objects by id that names.json in the folder holds; None without that file.

    Raises VideoError for anything but a mapping of ids to names.
    """
    path = folder / NAMES
    if not path.exists():
        return None
    try:
        return {int(number): str(name) for number, name in read_document(path, VideoError).items()}
    except ValueError as error:
        raise VideoError(f"{path} has a key that is no id: {error}", 'Write {"7": "BP_Truck_7"}.') from error


def open_label_sink(folder: Path) -> FolderSink[npt.NDArray[np.uint8]]:
    """Open a new folder for class maps, which MapFolder reads again. Raises OutputError."""
    return FolderSink(folder, save_ids)
