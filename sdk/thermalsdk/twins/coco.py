"""COCO: JSON files that list pictures by `file_name` (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import Any

from thermalsdk.camera.config import Resolution
from thermalsdk.camera.optics import size_on_detector
from thermalsdk.errors import LayoutError
from thermalsdk.twins.coco_scale import scale_annotation
from thermalsdk.twins.layout import Layout, twin_name
from thermalsdk.video.picture_source import is_picture, read_size


class CocoLayout(Layout):
    """The listed pictures have twins. Other pictures, unlabelled ones and masks, are left out."""

    name = "coco"
    scales = True

    def _sort(self, files: list[Path]) -> tuple[list[Path], list[Path], list[Path]]:
        lists = {path: _listed(self._root / path) for path in files if path.suffix.lower() == ".json"}
        if not any(lists.values()):
            raise LayoutError(
                f"{self._root} holds no JSON file with COCO's `images`", "Choose --format folder or yolo."
            )
        everything = [path for path in files if is_picture(path)]
        by_name = _by_name(everything)
        listed = set()
        self._found: dict[tuple[Path, str], list[Path]] = {}
        for path, names in lists.items():
            for name in names:
                found = self._found[self._root / path, name] = _find(path, name, by_name)
                listed.update(found)
        pictures = [path for path in everything if path in listed]
        left_out = [path for path in everything if path not in listed]
        return pictures, [path for path in files if not is_picture(path)], left_out

    def _write_annotation(self, source: Path, target: Path, detector: Resolution | None) -> None:
        if source.suffix.lower() != ".json" or not (images := _images(data := _parsed(source))):
            super()._write_annotation(source, target, detector)
            return
        if detector is not None:
            self._scale(source, data, images, detector)
        for image in images:
            image["file_name"] = twin_name(image["file_name"])
        target.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")

    def _scale(
        self, source: Path, data: dict[str, Any], images: list[dict[str, Any]], detector: Resolution
    ) -> None:
        """Fit the entries of a list to the twins that a detector has made smaller. Raises LayoutError."""
        by_image = defaultdict(list)
        for annotation in data.get("annotations", ()):
            by_image[annotation.get("image_id")].append(annotation)
        for image in images:
            before = self._size(source, image["file_name"])
            after = size_on_detector(before, detector)
            if before == after:
                continue
            image["height"], image["width"] = after
            for annotation in by_image[image.get("id")]:
                scale_annotation(annotation, before, after)

    def _size(self, source: Path, name: str) -> tuple[int, int]:
        sizes = {read_size(self._root / picture) for picture in self._found[source, name]}
        if len(sizes) > 1:
            raise LayoutError(
                f"{source} lists {name}, and pictures of that name have different sizes",
                "Name their folders in the list, or leave the camera out.",
            )
        return sizes.pop()


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
