"""Colour frames of a video file or network stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import VideoError
from thermalsdk.video.source import ClockKind, SourceFrame, numbered_name
from thermalsdk.video.video_file import VideoFile


class VideoSource:
    """One video stream in RGB. Implements `Source`; damaged or incomplete files are refused by VideoFile."""

    single = False

    def __init__(self, address: str | Path) -> None:
        """Open a file, or a network address such as rtsp://camera/1. Raises VideoError."""
        self._address = address
        self._file = VideoFile(address)
        self.clock: ClockKind = "live" if self._file.live else "file"
        self.rate: float | None = self._file.rate
        self.count: int | None = self._file.count

    def __iter__(self) -> Iterator[SourceFrame]:
        for index, (frame, time_s) in enumerate(self._file):
            if index == 0:
                self._refuse_counts(frame)
            yield SourceFrame(_rgb(frame), index, time_s, numbered_name(index))

    def _refuse_counts(self, frame: Any) -> None:
        components = frame.format.components
        if len(components) == 1 and components[0].bits > 8:
            raise VideoError(
                f"{self._address} is grey with more than 8 bits ({frame.format.name}), as thermal videos are",
                "Give the colour video; thermalsdk.formats.read_thermal_frames reads a thermal one.",
            )

    def close(self) -> None:
        """Close the file, as `VideoFile.close`; a second call does nothing."""
        self._file.close()


def _rgb(frame: Any) -> npt.NDArray[np.uint8]:
    """Upright RGB: telephones record sideways and say so in the frame."""
    rgb: npt.NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    quarter_turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarter_turns)) if quarter_turns else rgb
