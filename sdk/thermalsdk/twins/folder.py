"""Any folder of pictures: its subfolders stay, and every other file is copied as it is."""

from __future__ import annotations

from pathlib import Path

from thermalsdk.twins.layout import Layout
from thermalsdk.video.picture_source import is_picture


class FolderLayout(Layout):
    """Every picture has a twin; every other file is an annotation."""

    name = "folder"
    scales = False

    def _sort(self, files: list[Path]) -> tuple[list[Path], list[Path], list[Path]]:
        pictures = [path for path in files if is_picture(path)]
        return pictures, [path for path in files if not is_picture(path)], []
