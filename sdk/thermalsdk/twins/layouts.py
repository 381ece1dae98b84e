"""The layouts of data sets by name."""

from __future__ import annotations

from pathlib import Path

from thermalsdk.errors import LayoutError, OptionError
from thermalsdk.twins.coco import CocoLayout
from thermalsdk.twins.folder import FolderLayout
from thermalsdk.twins.layout import Layout
from thermalsdk.twins.yolo import YoloLayout

_LAYOUTS: dict[str, type[Layout]] = {layout.name: layout for layout in (FolderLayout, CocoLayout, YoloLayout)}
FORMATS = tuple(_LAYOUTS)


def open_layout(name: str, root: Path) -> Layout:
    """Find the pictures and annotations of a data set.

    Args:
        name: "coco", "yolo" or "folder".
        root: its folder.

    Raises LayoutError when the folder is not in that layout, OptionError for another name.
    """
    if name not in _LAYOUTS:
        raise OptionError(f"format {name!r} is unknown", f"Choose one of {', '.join(FORMATS)}.")
    if not root.is_dir():
        raise LayoutError(f"there is no folder {root}", "Name the folder of the data set.")
    return _LAYOUTS[name](root)
