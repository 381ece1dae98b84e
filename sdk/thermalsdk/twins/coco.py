"""COCO: JSON files that list pictures by `file_name` (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import Any

from thermalsdk.errors import LayoutError
from thermalsdk.twins.layout import Layout, is_picture, twin_name


class CocoLayout(Layout):
    """The listed pictures have twins. Other pictures, unlabelled ones and masks, are left out."""

    name = "coco"

    def _sort(self, files: list[Path]) -> tuple[list[Path], list[Path], list[Path]]:
        lists = {path: _listed(self._root / path) for path in files if path.suffix.lower() == ".json"}
        if not any(lists.values()):
            raise LayoutError(
                f"{self._root} holds no JSON file with COCO's `images`", "Choose --format folder or yolo."
            )
        everything = [path for path in files if is_picture(path)]
        by_name = _by_name(everything)
        listed = set()
        for path, names in lists.items():
            for name in names:
                listed.update(_find(path, name, by_name))
        pictures = [path for path in everything if path in listed]
        left_out = [path for path in everything if path not in listed]
        return pictures, [path for path in files if not is_picture(path)], left_out

    def _write_annotation(self, source: Path, target: Path) -> None:
        if source.suffix.lower() != ".json" or not (images := _images(data := _parsed(source))):
            super()._write_annotation(source, target)
            return
        for image in images:
            image["file_name"] = twin_name(image["file_name"])
        target.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LayoutError(f"{path} cannot be read: {error}", "Mend it, or move it away.") from error


def _images(data: Any) -> list[dict[str, Any]]:
    """Entries of COCO's `images`; none where the JSON is something else."""
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list):
        return []
    return [image for image in images if isinstance(image, dict) and "file_name" in image]


def _listed(path: Path) -> list[str]:
    return [str(image["file_name"]) for image in _images(_parsed(path))]


def _by_name(pictures: Iterable[Path]) -> dict[str, list[Path]]:
    by_name: dict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        by_name[picture.name].append(picture)
    return by_name


def _find(annotation: Path, name: str, by_name: dict[str, list[Path]]) -> list[Path]:
    """Pictures that a listed name may mean: COCO names them below a folder that its JSON does not name.

    The one beside the JSON comes first; else all whose path ends like the name.
    """
    parts = PureWindowsPath(name).parts  # takes both kinds of slashes
    found = [path for path in by_name.get(parts[-1], []) if path.parts[-len(parts) :] == parts]
    if not found:
        raise LayoutError(f"{annotation} lists {name}, which is not there", "Add it, or move the list away.")
    beside = annotation.parent.joinpath(*parts)
    return [beside] if beside in found else found
