"""The demo's contact sheet: one column a street, one row a kind of picture, all labelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from thermalsdk.display import palette
from thermalsdk.frame import Frame
from thermalsdk.scenes import SceneFrame
from thermalsdk.temperatures.limits import CELSIUS_ZERO

_TILE = (400, 300)
_GAP = 8
_MARGIN = 24
_LEFT = 190
_RIGHT = 86
_TOP = 142
_BOTTOM = 66
_BACKGROUND = (15, 17, 22)
_TEXT = (232, 234, 240)
_FAINT = (142, 148, 162)
_BAR_WIDTH = 14
#: Colours of the classes in the order of the street classes; a longer list starts again.
_CLASS_COLORS = (
    (72, 76, 84), (98, 150, 196), (110, 92, 130), (156, 132, 110), (92, 140, 72),
    (200, 150, 60), (196, 104, 52), (214, 190, 80), (70, 110, 214), (222, 60, 84),
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One street.

    Args:
        caption: its weather.
        scene: what was rendered, with the true kelvin.
        limits: kelvin shown as the coldest and the hottest colour, but in what is made of colour alone.
        frame: thermal frame from colour, class map and temperatures.
        alone: thermal frame from colour alone, or None where the bundle cannot.
    """

    caption: str
    scene: SceneFrame
    limits: tuple[float, float]
    frame: Frame
    alone: Frame | None


@dataclass(frozen=True)
class _Row:
    """One kind of picture: two lines of text, the picture of a column, and the palette of its scale."""

    title: str
    note: str
    picture: Callable[[Column], npt.NDArray[np.uint8]]
    scale: str | None = None


def contact_sheet(columns: Sequence[Column], classes: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Draw the sheet: uint8 HxWx3.

    columns: one or more streets.
    classes: the bundle's class names, for the legend.
    """
    rows = _rows(columns)
    width = _LEFT + len(columns) * (_TILE[0] + _GAP) - _GAP + _RIGHT
    height = _TOP + len(rows) * (_TILE[1] + _GAP) - _GAP + _BOTTOM
    sheet = Image.new("RGB", (width, height), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    _draw_head(draw, columns)
    for row_number, row in enumerate(rows):
        top = _TOP + row_number * (_TILE[1] + _GAP)
        _draw_row_text(draw, row, top)
        for column_number, column in enumerate(columns):
            tile = Image.fromarray(row.picture(column)).resize(_TILE, Image.Resampling.LANCZOS)
            sheet.paste(tile, (_LEFT + column_number * (_TILE[0] + _GAP), top))
        if row.scale is not None:
            _draw_scale(sheet, draw, row.scale, (width - _RIGHT + 14, top))
    _draw_legend(draw, classes, columns, height - _BOTTOM + 24)
    return np.asarray(sheet)


def _rows(columns: Sequence[Column]) -> list[_Row]:
    rows = [
        _Row("Colour", "procedural street", lambda column: column.scene.rgb),
        _Row("Classes", "as a simulator has them", _class_colors),
        _Row(
            "Thermal",
            "white-hot; classes and\ntemperatures given",
            lambda column: _thermal(column, column.frame, "white-hot"),
            "white-hot",
        ),
        _Row("Thermal", "ironbow", lambda column: _thermal(column, column.frame, "ironbow"), "ironbow"),
    ]
    if all(column.alone is not None for column in columns):
        note = "classes, temperatures\nand gain of its own"
        rows.append(_Row("Colour only", note, _alone, "ironbow"))
    rows.append(_Row("Reference", "the scene's own physics", _truth, "ironbow"))
    return rows


def class_colors(labels: npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Class map (uint8 HxW) in the sheet's colours over the faint frame (uint8 HxWx3)."""
    colors = np.array([_CLASS_COLORS[number % len(_CLASS_COLORS)] for number in range(256)], np.uint8)
    return (0.75 * colors[labels] + 0.25 * rgb).astype(np.uint8)


def _class_colors(column: Column) -> npt.NDArray[np.uint8]:
    return class_colors(column.frame.labels, column.scene.rgb)


def _alone(column: Column) -> npt.NDArray[np.uint8]:
    """Colour does not tell how warm the day is, so this row has limits of its own."""
    return column.scene.rgb if column.alone is None else column.alone.colorize("ironbow")


def _truth(column: Column) -> npt.NDArray[np.uint8]:
    return _thermal(column, replace(column.frame, kelvin=column.scene.kelvin), "ironbow")


def _thermal(column: Column, frame: Frame, name: str) -> npt.NDArray[np.uint8]:
    return replace(frame, limits=column.limits).colorize(name)


def _draw_head(draw: ImageDraw.ImageDraw, columns: Sequence[Column]) -> None:
    draw.text((_MARGIN, 22), "thermalsdk", font=_font(34), fill=_TEXT)
    subtitle = "what a long-wave infrared camera would have seen, out of colour, classes and temperatures"
    draw.text((_MARGIN + 206, 35), subtitle, font=_font(19), fill=_FAINT)
    for number, column in enumerate(columns):
        left = _LEFT + number * (_TILE[0] + _GAP)
        draw.text((left, _TOP - 58), column.caption, font=_font(20), fill=_TEXT)
        low, high = (limit - CELSIUS_ZERO for limit in column.limits)
        shown = f"cold {low:.1f} °C, hot {high:.1f} °C"
        draw.text((left, _TOP - 29), shown, font=_font(15), fill=_FAINT)


def _draw_row_text(draw: ImageDraw.ImageDraw, row: _Row, top: int) -> None:
    middle = top + _TILE[1] // 2
    draw.text((_MARGIN, middle - 26), row.title, font=_font(22), fill=_TEXT)
    draw.multiline_text((_MARGIN, middle + 4), row.note, font=_font(15), fill=_FAINT, spacing=4)


def _draw_scale(sheet: Image.Image, draw: ImageDraw.ImageDraw, name: str, corner: tuple[int, int]) -> None:
    """Colour bar of one row; the temperatures of its ends stand above each column."""
    left, top = corner
    levels = np.linspace(255, 0, _TILE[1]).round().astype(np.uint8)
    bar = np.repeat(palette(name)[levels][:, np.newaxis], _BAR_WIDTH, axis=1)
    sheet.paste(Image.fromarray(bar), (left, top))
    draw.text((left + _BAR_WIDTH + 7, top), "hot", font=_font(15), fill=_FAINT)
    draw.text((left + _BAR_WIDTH + 7, top + _TILE[1] - 19), "cold", font=_font(15), fill=_FAINT)


def _draw_legend(
    draw: ImageDraw.ImageDraw, classes: Sequence[str], columns: Sequence[Column], top: int
) -> None:
    left = _LEFT
    for number, name in enumerate(classes):
        if not any((column.frame.labels == number).any() for column in columns):
            continue
        color = _CLASS_COLORS[number % len(_CLASS_COLORS)]
        draw.rounded_rectangle((left, top, left + 18, top + 18), 4, fill=color)
        draw.text((left + 26, top), name, font=_font(16), fill=_TEXT)
        left += 26 + round(draw.textlength(name, font=_font(16))) + 28


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which is there on every machine."""
    return ImageFont.load_default(size)
