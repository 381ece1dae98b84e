"""YOLO: one text file of boxes a picture, and a YAML file that names the folders.

Layout of https://docs.ultralytics.com/datasets/detect: images/train/a.jpg has labels/train/a.txt; older sets
keep a.txt beside a.jpg. Lists of pictures (train.txt) name one a line.
"""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath

import yaml

from thermalsdk.camera.config import Resolution
from thermalsdk.errors import LayoutError
from thermalsdk.twins.layout import Layout, twin_name
from thermalsdk.video.picture_source import is_picture

_YAML = (".yaml", ".yml")
#: The key by which a YAML file says where the data set lies; without it, that is where the file lies.
_ROOT_KEY = re.compile(r"^path:", re.MULTILINE)
_SPLITS = ("train", "val", "test")


class YoloLayout(Layout):
    """Every picture has a twin. Boxes are relative to the picture's size, so that label files are copied."""

    name = "yolo"
    scales = True

    def _sort(self, files: list[Path]) -> tuple[list[Path], list[Path], list[Path]]:
        pictures = [path for path in files if is_picture(path)]
        annotations = [path for path in files if not is_picture(path)]
        labels = {path for picture in pictures for path in _label_files(picture)}.intersection(annotations)
        if not labels:
            raise LayoutError(
                f"{self._root} holds no label file of any picture", "Choose --format folder or coco."
            )
        self._lists = {path for path in annotations if path.suffix == ".txt" and path not in labels}
        for path in annotations:
            self._refuse_absolute(path)
        return pictures, annotations, []

    def _refuse_absolute(self, path: Path) -> None:
        """Refuse paths that would lead from the twin back to the colour pictures."""
        if path in self._lists:
            lines = (self._root / path).read_text(encoding="utf-8").splitlines()
            absolute = any(is_picture(Path(line)) and _is_absolute(line) for line in lines)
        else:
            absolute = path.suffix in _YAML and any(map(_is_absolute, _splits(self._root / path)))
        if absolute:
            raise LayoutError(f"{path} names pictures by absolute paths", "Make them relative to the file.")

    def _write_annotation(self, source: Path, target: Path, detector: Resolution | None) -> None:
        if source.relative_to(self._root) in self._lists:
            lines = source.read_text(encoding="utf-8").splitlines()
            names = [twin_name(line) if is_picture(Path(line)) else line for line in lines]
            target.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        elif source.suffix in _YAML:
            text = source.read_text(encoding="utf-8")
            rootless = _ROOT_KEY.sub("# thermalsdk: beside this file, no longer at path:", text)
            target.write_text(rootless, encoding="utf-8")
        else:
            super()._write_annotation(source, target, detector)


def _label_files(picture: Path) -> list[Path]:
    """Where the boxes of a picture may be: beside it, and in `labels` for the last folder `images`."""
    files = [picture.with_suffix(".txt")]
    parts = list(files[0].parts)
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == "images":
            files.append(Path(*parts[:place], "labels", *parts[place + 1 :]))
            break
    return files


def _splits(path: Path) -> list[str]:
    """What a YAML file names as its splits: folders, lists of pictures, or several of these."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:  # what a training program left there, in a dialect of its own
        return []
    if not isinstance(data, dict):
        return []
    named = [data.get(split) for split in _SPLITS]
    return [str(part) for value in named for part in (value if isinstance(value, list) else [value])]


def _is_absolute(line: str) -> bool:
    return line.startswith("/") or PureWindowsPath(line).is_absolute()
