"""Class maps that lie beside a source as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from thermalsdk.errors import VideoError
from thermalsdk.video import Source, SourceFrame
from thermalsdk.video.picture_source import list_pictures, read_class_map


class LabelMaps:
    """A folder of one-channel pictures that hold class ids.

    For pictures, the map has the picture's name and ends in .png; for a video, the maps are taken in natural
    order of their names, one a frame.
    """

    def __init__(self, folder: Path, source: Source, total: int | None) -> None:
        """Find the maps. Raises VideoError when there are fewer than `total`, the frames to be expected."""
        if not folder.is_dir():
            raise VideoError(f"there is no folder {folder}", "Name the folder of the class maps.")
        self._folder = folder
        self._in_order = None if source.clock == "none" else list_pictures(folder)
        if self._in_order is not None and len(self._in_order) < (total or 1):
            raise VideoError(
                f"{folder} holds {len(self._in_order)} class maps for {total} frames",
                "Give one map a frame, or --max-frames.",
            )

    def read(self, frame: SourceFrame) -> npt.NDArray[Any]:
        """Ids of one frame. Raises VideoError where its map is absent or unreadable."""
        return read_class_map(self._path(frame))

    def _path(self, frame: SourceFrame) -> Path:
        if self._in_order is None:
            return self._folder / f"{frame.name}.png"
        if frame.index >= len(self._in_order):
            raise VideoError(
                f"{self._folder} has no class map for frame {frame.name}", "Give one map a frame."
            )
        return self._in_order[frame.index]
