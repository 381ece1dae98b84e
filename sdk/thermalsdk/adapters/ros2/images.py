"""`sensor_msgs` images as arrays, whichever library holds the message.

Encodings: sensor_msgs/include/sensor_msgs/image_encodings.hpp. gz-sim's `labels_map` (rgb8) has the label in
the last channel and, from a panoptic camera, the number of the object as 256 * green + red (gz-sensors,
tutorials/segmentation_camera.md).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk.errors import VideoError

#: Channels, bytes of a channel, and the place of red, green and blue.
_COLOURS = {"rgb8": (3, (0, 1, 2)), "bgr8": (3, (2, 1, 0)), "8UC3": (3, (2, 1, 0))}
_COLOURS |= {"rgba8": (4, (0, 1, 2)), "bgra8": (4, (2, 1, 0)), "8UC4": (4, (2, 1, 0))}
_IDS = {"mono8": "u1", "8UC1": "u1", "mono16": "u2", "16UC1": "u2"}


@dataclass(frozen=True)
class Labels:
    """A class map and what tells its objects apart.

    Args:
        labels: HxW of an unsigned type.
        instances: uint16 HxW, or None.
    """

    labels: npt.NDArray[Any]
    instances: npt.NDArray[np.uint16] | None = None


def rgb(message: Any) -> npt.NDArray[np.uint8]:
    """Colours of an Image or CompressedImage: uint8 HxWx3, a view where the encoding allows it.

    Raises VideoError for an encoding without colours or a buffer of the wrong size.
    """
    if not hasattr(message, "encoding"):
        return _decompressed(message)
    if message.encoding not in _COLOURS:
        raise VideoError(
            f"the image's encoding is {message.encoding!r}",
            f"Colours are {', '.join(_COLOURS)}; debayer first (image_proc).",
        )
    channels, order = _COLOURS[message.encoding]
    pixels = _rows(message, "u1", channels)
    return pixels[..., order[0] : order[0] + 3] if order == (0, 1, 2) else pixels[..., 2::-1]


def labels(message: Any, *, panoptic: bool = False) -> Labels:
    """Class map of an Image: one channel of ids, or gz-sim's three.

    panoptic: whether gz-sim's other two channels number the objects.

    Raises VideoError for another encoding or a buffer of the wrong size.
    """
    if message.encoding == "rgb8":
        pixels = _rows(message, "u1", 3)
        counted = pixels[..., 0] + pixels[..., 1] * np.uint16(256)
        return Labels(pixels[..., 2], counted if panoptic else None)
    if message.encoding not in _IDS:
        raise VideoError(
            f"the class map's encoding is {message.encoding!r}",
            f"Class maps are {', '.join(_IDS)}, or gz-sim's labels_map in rgb8.",
        )
    return Labels(_rows(message, _IDS[message.encoding], 1)[..., 0])


def mono16(counts: npt.NDArray[np.uint16]) -> dict[str, Any]:
    """Fields of an Image of 0.01 K per count but for its header; `data` is uint8."""
    height, width = counts.shape
    data = np.ascontiguousarray(counts, "<u2").view(np.uint8).reshape(-1)
    return {
        "height": height,
        "width": width,
        "encoding": "mono16",
        "is_bigendian": 0,
        "step": 2 * width,
        "data": data,
    }


def _rows(message: Any, kind: str, channels: int) -> npt.NDArray[Any]:
    """HxWxC view that leaves out what pads the rows."""
    dtype = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
    used = message.width * channels * dtype.itemsize
    data = np.frombuffer(message.data, np.uint8)
    if message.step < used or data.size != message.height * message.step:
        raise VideoError(
            f"the image says {message.height} rows of {message.step} bytes and holds {data.size} bytes",
            "The recording is damaged, or its writer counts rows wrongly.",
        )
    rows = data.reshape(message.height, message.step)[:, :used]
    if not rows.flags.c_contiguous and dtype.itemsize > 1:
        rows = np.ascontiguousarray(rows)
    return rows.view(dtype).reshape(message.height, message.width, channels)


def _decompressed(message: Any) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(bytes(message.data))) as picture:
            return np.array(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise VideoError(
            f"a compressed image cannot be read: {error}",
            f"JPEG and PNG can be; this one says {message.format!r}.",
        ) from error
