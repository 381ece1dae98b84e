"""TIFF: one uncompressed 8- or 16-bit page, the header as tag ImageDescription (270)."""

from __future__ import annotations

from pathlib import Path

import tifffile

from thermalsdk.formats.header import header_of, image_of
from thermalsdk.formats.thermal_image import ThermalImage
from thermalsdk.version import __version__


def save(path: Path, image: ThermalImage) -> None:
    """Write one image. Raises OSError."""
    tifffile.imwrite(
        path,
        image.counts,
        photometric="minisblack",
        description=header_of(image),
        metadata=None,
        software=f"thermalsdk {__version__}",
    )


def load(path: Path) -> ThermalImage:
    """Read the first page. Raises FormatError, or what tifffile raises for a damaged file."""
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        return image_of(page.asarray(), page.description, str(path))
