"""A sheet of captioned pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP, _HEAD, _MARGIN = 8, 30, 12
_BACKGROUND, _TEXT, _FAINT = (15, 17, 22), (232, 234, 240), (142, 148, 162)


@dataclass(frozen=True)
class Tile:
    """A picture (uint8 HxWx3), and what stands above it at the left and at the right."""

    picture: np.ndarray
    caption: str
    note: str


def draw_sheet(rows: list[list[Tile]], out: Path, width: int = 400) -> None:
    """Draw rows of tiles, each `width` wide, as a JPEG."""
    shape = rows[0][0].picture.shape
    height = round(width * shape[0] / shape[1])
    columns = max(len(row) for row in rows)
    size = (
        2 * _MARGIN + columns * (width + _GAP) - _GAP,
        2 * _MARGIN + len(rows) * (height + _HEAD + _GAP) - _GAP,
    )
    sheet = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for row_number, row in enumerate(rows):
        for column_number, tile in enumerate(row):
            left = _MARGIN + column_number * (width + _GAP)
            top = _MARGIN + row_number * (height + _HEAD + _GAP)
            draw.text((left, top + 4), tile.caption, font=ImageFont.load_default(17), fill=_TEXT)
            draw.text(
                (left + width, top + 6), tile.note, font=ImageFont.load_default(14), fill=_FAINT, anchor="ra"
            )
            picture = Image.fromarray(tile.picture).resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(picture, (left, top + _HEAD))
    sheet.save(out, quality=88, optimize=True)
