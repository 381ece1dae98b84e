"""One function that opens whatever frames can come from."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from thermalsdk.errors import OptionError, VideoError
from thermalsdk.inputs import COLORS
from thermalsdk.video.array_source import ArraySource
from thermalsdk.video.camera_source import CameraSource
from thermalsdk.video.file_source import VideoSource
from thermalsdk.video.picture_source import PICTURE_SUFFIXES, PictureSource
from thermalsdk.video.reconnect import ReconnectingSource
from thermalsdk.video.shared_source import SharedMemorySource
from thermalsdk.video.source import Source

SHARED_MEMORY = "shm://"
_FILE = "file://"

#: Path or address, camera number, open source, or iterable of uint8 HxWx3 arrays or `SourceFrame`s.
SourceLike = str | Path | int | Source | Iterable[Any]


def open_source(source: SourceLike, *, color: str = "rgb") -> Source:
    """Open a video, picture, folder of pictures, camera, network stream, or iterable of arrays.

    Args:
        source: a path, also as "file:///PATH"; an address with "://", of which "shm://NAME" is another
            process's shared memory (see SharedFrameWriter); a camera number, from 0, also as text; an
            iterable of arrays or `SourceFrame`s; or an open source, which is returned as it is.
        color: "rgb" or "bgr", the channel order of an iterable's arrays and of shared memory.

    Raises VideoError, MissingDependency or OptionError.
    """
    if color not in COLORS:
        raise OptionError(f"color={color!r} is unknown", "Choose 'rgb' or 'bgr' (OpenCV).")
    if isinstance(source, (str, Path)):
        return _open_path(local(source), color)
    if isinstance(source, Integral):
        return _open_camera(source)
    if isinstance(source, Source):
        return source
    if isinstance(source, np.ndarray) and source.ndim in (2, 3):
        raise VideoError(
            f"an array of {'x'.join(map(str, source.shape))} is one frame", "Give several: [rgb]."
        )
    if isinstance(source, Iterable):
        return ArraySource(source, color)
    raise VideoError(f"{type(source).__name__} gives no frames", "Give a path, a number or an iterable.")


def local(address: str | Path) -> str | Path:
    """The path of a "file://" address, percent-encoded or not; anything else as it is."""
    if not (isinstance(address, str) and address.startswith(_FILE)):
        return address
    path = address.removeprefix(_FILE).removeprefix("localhost")
    return Path(path if Path(path).exists() else unquote(path))


def _open_camera(number: Integral | int) -> Source:
    # OpenCV takes -1 for any camera, and crashes where there is none.
    if isinstance(number, bool) or int(number) < 0:
        raise VideoError(f"{number!r} is no camera", "Cameras have numbers from 0: ls /dev/video*.")
    return ReconnectingSource(lambda: CameraSource(int(number)))


def _open_path(address: str | Path, color: str) -> Source:
    if isinstance(address, str) and address.isdecimal() and not Path(address).exists():
        return _open_camera(int(address))
    if not str(address):
        raise VideoError("the path of the source is empty", "Name a file, or '.' for the folder you are in.")
    path = Path(address)
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureSource(path)
    if isinstance(address, str) and address.startswith(SHARED_MEMORY):
        return SharedMemorySource(address.removeprefix(SHARED_MEMORY), color)
    if "://" in str(address):
        return _open_network(str(address))
    return VideoSource(address)


def _open_network(address: str) -> Source:
    first = VideoSource(address)
    if first.clock == "file":
        return first
    opened = [first]
    return ReconnectingSource(lambda: opened.pop() if opened else VideoSource(address))
