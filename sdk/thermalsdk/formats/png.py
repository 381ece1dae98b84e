"""Portable Network Graphics: 8- or 16-bit grey, the header as text chunk `Description`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from thermalsdk.formats.header import header_of, image_of
from thermalsdk.formats.thermal_image import ThermalImage

_KEYWORD = "Description"


def save(path: Path, image: ThermalImage) -> None:
    """Write one image. Raises OSError."""
    chunks = PngInfo()
    chunks.add_text(_KEYWORD, header_of(image))
    Image.fromarray(image.counts).save(path, format="PNG", pnginfo=chunks)


def load(path: Path) -> ThermalImage:
    """Read one image. Raises FormatError, or what Pillow raises for a damaged file."""
    with Image.open(path, formats=["PNG"]) as picture:
        return image_of(np.array(picture), picture.info.get(_KEYWORD), str(path))
