"""AirSim's image responses as arrays."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import LabelError, LabelTableError, ShapeError, VideoError

_BITS = np.array([1, 1 << 8, 1 << 16], np.uint32)


def bgr(response: Any) -> npt.NDArray[np.uint8]:
    """Pixels of an uncompressed `airsim.ImageResponse`: uint8 HxWx3, a view.

    AirSim's documentation says RGB; RenderRequest.cpp writes blue first.

    Raises VideoError for the empty response that AirSim sometimes gives (microsoft/AirSim#3623), ShapeError
    for one of another kind.
    """
    data = response.image_data_uint8
    if len(data) <= 1 or response.height * response.width == 0:
        raise VideoError("AirSim gave an empty image", "Ask again; check that the camera's name exists.")
    pixels = np.frombuffer(data, np.uint8)
    if pixels.size != response.height * response.width * 3:
        raise ShapeError(
            f"AirSim's image says {response.height}x{response.width} and holds {pixels.size} bytes",
            "Ask for uncompressed ones: ImageRequest(name, type, pixels_as_float=False, compress=False).",
        )
    return pixels.reshape(response.height, response.width, 3)


def read_palette(path: str | Path) -> npt.NDArray[np.uint8]:
    """Colours of the object ids in the segmentation image: uint8 256x3, RGB.

    path: AirSim's own `docs/seg_rgbs.txt`, lines of an id, a tab and `[red, green, blue]`.

    Raises LabelTableError when it cannot be read or two ids share a colour.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        colours = dict(line.split("\t") for line in lines if line.strip())
        palette = np.array([ast.literal_eval(colours[str(number)]) for number in range(256)], np.uint8)
        if len(np.unique(palette.reshape(256, 3), axis=0)) < 256:
            raise ValueError("two ids share a colour")
    except (OSError, ValueError, KeyError, SyntaxError, OverflowError) as error:
        raise LabelTableError(
            f"cannot read the palette {path}: {error!r}", "Take docs/seg_rgbs.txt of your AirSim."
        ) from error
    return palette


def ids_of_colours(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Object ids of a segmentation image.

    Args:
        pixels: uint8 HxWx3, BGR.
        palette: uint8 256x3, RGB, by id.

    Returns uint8 HxW. Raises LabelError for a colour that no id has.
    """
    codes = palette[:, ::-1] @ _BITS
    order = np.argsort(codes).astype(np.uint8)
    found = pixels @ _BITS
    ids = order[np.searchsorted(codes[order], found).clip(max=255)]
    strange = codes[ids] != found
    if strange.any():
        blue, green, red = pixels[strange][0]
        raise LabelError(
            f"the segmentation image holds the colour ({red}, {green}, {blue}), which no object id has",
            "Take the palette of this AirSim, and ask for uncompressed images.",
        )
    return ids
