"""Where the pictures for people are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk.padding import pad
from thermalsdk.video.sinks import Outputs, Sink
from thermalsdk.video.source import Source
from thermalsdk.video.video_sink import VideoSink

#: uint8 HxWx3, RGB.
Picture = npt.NDArray[np.uint8]

_JPEG_QUALITY = 95


class DisplayVideoSink(VideoSink[Picture]):
    """H.264 in yuv420p, which every player shows; a side of odd length gets one more row or column."""

    codec = "libx264"
    # Without its deblocking filter "ultrafast" shows blocks in the sky; with it a thermal picture is as good
    # as with "superfast" in half of the processor's time, and a fifth to two fifths larger.
    options: ClassVar[dict[str, str]] = {"crf": "20", "preset": "ultrafast", "x264-params": "deblock=0,0"}

    def _start(self, image: Picture) -> None:
        self._stream.pix_fmt = "yuv420p"

    def _frame(self, image: Picture) -> Any:
        return self._av.VideoFrame.from_ndarray(pad(image, 2), format="rgb24")


def save_picture(path: Path, picture: Picture) -> None:
    """Write a picture in the format of the suffix. Raises OSError."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        Image.fromarray(picture).save(path, quality=_JPEG_QUALITY)
    else:
        Image.fromarray(picture).save(path)


_OUTPUTS = Outputs[Picture](
    streams=dict.fromkeys((".mp4", ".mkv", ".mov"), DisplayVideoSink),
    stills=(".png", ".jpg", ".jpeg", ".tif", ".tiff"),
    save_still=save_picture,
)
DISPLAY_SUFFIXES = _OUTPUTS.suffixes


def open_display_sink(path: str | Path, source: Source) -> Sink[Picture]:
    """Open an output of uint8 RGB: a video (.mp4, .mkv, .mov), a picture, or, without suffix, a folder.

    source: decides whether one picture is enough, and the rate of a video.

    Raises OutputError for a suffix that does not fit.
    """
    return _OUTPUTS.open(Path(path), source)
