"""The text that travels with the counts: one JSON object, the same in every container."""

from __future__ import annotations

import json
from typing import Any

from thermalsdk.errors import FormatError, OptionError, OutputError
from thermalsdk.formats.thermal_image import Counts, Provenance, ThermalImage

_FORMAT = "thermalsdk"
_VERSION = 1


def header_of(image: ThermalImage) -> str:
    """JSON text about an image."""
    provenance = image.provenance
    fields = {
        "format": _FORMAT,
        "version": _VERSION,
        "unit": "K",
        "scale": image.scale,
        "offset": image.offset,
        "radiometric": provenance.radiometric,
        "bundle": provenance.bundle,
        "bundle_hash": provenance.bundle_hash,
        "camera_hash": provenance.camera_hash,
    }
    return json.dumps(fields)


def image_of(counts: Counts, header: str | None, place: str) -> ThermalImage:
    """Image of counts and the text that was found with them; `place` names the file in errors.

    Raises FormatError where there is no such text, or another program's.
    """
    fields = _fields(header, place)
    try:
        scale, offset = float(fields["scale"]), float(fields["offset"])
        provenance = Provenance(
            radiometric=bool(fields["radiometric"]),
            bundle=str(fields["bundle"]),
            bundle_hash=str(fields["bundle_hash"]),
            camera_hash=None if fields["camera_hash"] is None else str(fields["camera_hash"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{place} has a damaged description: {error!r}", _WRITE_AGAIN) from error
    try:
        return ThermalImage(counts, scale, offset, provenance)
    except OptionError as error:
        raise FormatError(f"{place}: {error.message}", _WRITE_AGAIN) from error


class CommonHeader:
    """Header of a file that has one for all its images."""

    def __init__(self) -> None:
        self._text: str | None = None

    def of(self, image: ThermalImage) -> str:
        """Header of the file. Raises OutputError for an image whose own would be another."""
        text = header_of(image)
        if self._text is None:
            self._text = text
        if text != self._text:
            raise OutputError("scale or provenance change between frames of one file", "Start another file.")
        return text


_WRITE_AGAIN = "Write the file again, or read its counts with another library."


def _fields(header: str | None, place: str) -> dict[str, Any]:
    try:
        fields = json.loads(header or "null")
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or fields.get("format") != _FORMAT:
        raise FormatError(
            f"{place} carries no description by thermalsdk, so that its counts have no scale",
            "Read its counts with another library, and its scale from where it comes from.",
        )
    if fields.get("version") != _VERSION:
        raise FormatError(
            f"{place} has format version {fields.get('version')}; this thermalsdk reads {_VERSION}",
            "Update it: pip install --upgrade thermalsdk.",
        )
    return fields
