"""Matroska with FFV1 (RFC 9043), which is lossless: gray16le or gray, the header as tag DESCRIPTION."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from thermalsdk.errors import FormatError
from thermalsdk.formats.header import CommonHeader, image_of
from thermalsdk.formats.thermal_image import ThermalImage
from thermalsdk.video.video_file import VideoFile
from thermalsdk.video.video_sink import VideoSink

_PIXEL_FORMATS = {np.dtype(np.uint8): "gray", np.dtype(np.uint16): "gray16le"}


class ThermalVideoSink(VideoSink[ThermalImage]):
    """A lossless video of key frames. All frames share one header."""

    codec = "ffv1"
    # Every slice gets a checksum, which `ffmpeg -v error -i FILE -f null -` compares.
    options: ClassVar[dict[str, str]] = {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"}

    def __init__(self, path: Path, rate: float | None) -> None:
        """Open a video of `rate` frames per second. Raises OutputError or MissingDependency."""
        super().__init__(path, rate)
        self._header = CommonHeader()

    def _start(self, image: ThermalImage) -> None:
        self._container.metadata["description"] = self._header.of(image)
        self._stream.pix_fmt = _PIXEL_FORMATS[image.counts.dtype]

    def _frame(self, image: ThermalImage) -> Any:
        self._header.of(image)
        return self._av.VideoFrame.from_ndarray(image.counts, format=_PIXEL_FORMATS[image.counts.dtype])


def load_frames(path: Path) -> Iterator[ThermalImage]:
    """Read every frame. Raises FormatError, or VideoError for a file that is damaged or cut short."""
    file = VideoFile(path, constant_rate=True)
    try:
        header = file.tags.get("DESCRIPTION")
        for frame, _ in file:
            if frame.format.name not in _PIXEL_FORMATS.values():
                raise FormatError(f"{path} holds {frame.format.name}, not counts", "Name the raw16 file.")
            yield image_of(frame.to_ndarray(), header, str(path))
    finally:
        file.close()
