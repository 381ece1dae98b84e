"""Class maps and instance maps that lie beside a source as pictures, and class maps that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.documents import read_document
from thermalsdk.errors import VideoError
from thermalsdk.video import Source, SourceFrame
from thermalsdk.video.id_pictures import read_ids, save_ids
from thermalsdk.video.picture_source import PictureSource, list_pictures
from thermalsdk.video.sinks import FolderSink
from thermalsdk.video.source import ClockKind, close_ends_waits

#: File beside instance maps that names their objects, so that temperatures can be given by name.
NAMES = "names.json"
#: What errors call a map.
CLASS_MAP, INSTANCE_MAP = "class map", "instance map"


class MapFolder:
    """A folder of one-channel pictures that hold ids.

    For pictures, the map has the picture's name and ends in .png; for a video, the maps are taken in natural
    order of their names, one a frame.
    """

    def __init__(self, folder: Path, kind: str, source: Source, total: int | None, *, whole: bool) -> None:
        """Find the maps.

        Args:
            folder: where they are.
            kind: CLASS_MAP or INSTANCE_MAP.
            source: whose frames they belong to.
            total: frames to be expected, or None where that is unknown.
            whole: whether they are all frames of the source.

        Raises VideoError where there is no such folder, or not one map a frame as far as that is known.
        """
        if not folder.is_dir():
            raise VideoError(f"there is no folder {folder}", f"Name the folder of the {kind}s.")
        self._folder = folder
        self._kind = kind
        self._in_order = None if source.clock == "none" else list_pictures(folder)
        if isinstance(source, PictureSource):
            for picture in islice(source.paths, total):
                self._check_exists(picture.stem)
        if self._in_order is None:
            return
        found = len(self._in_order)
        if found < (total or 1) or (whole and total is not None and found > total):
            frames = "" if total is None else f" for {total} frames"
            raise VideoError(
                f"{folder} holds {found or 'no'} {kind}s{frames}", "Give one map a frame, or --max-frames."
            )

    def _check_exists(self, name: str) -> None:
        if not (path := self._named(name)).is_file():
            raise VideoError(
                f"there is no {self._kind} {path}", "Every picture needs one, a PNG of its name."
            )

    def _named(self, name: str) -> Path:
        return self._folder / f"{name}.png"

    def path(self, frame: SourceFrame) -> Path:
        """File of one frame's map. Raises VideoError where there are fewer than frames."""
        if self._in_order is None:
            return self._named(frame.name)
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
            labels = None if self._labels is None else self._labels.path(frame)
            instances = None if self._instances is None else self._instances.path(frame)
            yield replace(
                frame,
                labels=None if labels is None else read_ids(labels, CLASS_MAP),
                instances=None if instances is None else read_ids(instances, INSTANCE_MAP),
                files=(*frame.files, *(path for path in (labels, instances) if path is not None)),
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
