"""What every layout of a data set does."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import ClassVar

from thermalsdk.camera.config import Resolution
from thermalsdk.camera.optics import size_on_detector
from thermalsdk.errors import LayoutError
from thermalsdk.partial import write_whole
from thermalsdk.video.picture_source import (
    PICTURE_SUFFIXES,
    first_of_one_name,
    is_hidden,
    natural_order,
    read_size,
)

#: Thermal twins are PNG, whatever their pictures were.
TWIN_SUFFIX = ".png"


def twin_name(name: str) -> str:
    """Name of a picture's twin, its folder and stem unchanged: "train/a.jpg" becomes "train/a.png"."""
    return name[: name.rindex(".")] + TWIN_SUFFIX


class Layout(ABC):
    """Pictures and annotations of a data set, as paths below its root in natural order.

    Attributes:
        name: what the command line calls it.
        scales: whether annotations still fit when twins have another size than their pictures.
        pictures: what gets a thermal twin.
        annotations: what is copied, or rewritten so that it names the twins.
        left_out: what the layout does not account for.
    """

    name: ClassVar[str]
    scales: ClassVar[bool]

    def __init__(self, root: Path) -> None:
        """Look at the whole folder; whatever begins with a dot is ignored. Raises LayoutError."""
        self._root = root
        files = natural_order(
            path.relative_to(root)
            for path in root.rglob("*")
            if path.is_file() and not is_hidden(path.relative_to(root))
        )
        self.pictures, self.annotations, self.left_out = self._sort(files)
        if not self.pictures:
            raise LayoutError(
                f"the folder {root} holds no pictures", f"Pictures end in {', '.join(PICTURE_SUFFIXES)}."
            )
        if same := first_of_one_name(self.pictures, lambda path: twin_name(path.as_posix())):
            raise LayoutError(
                f"{same[0]} and {same[1]} would have the same twin {twin_name(same[0].as_posix())}",
                "Rename one of them.",
            )

    @abstractmethod
    def _sort(self, files: list[Path]) -> tuple[list[Path], list[Path], list[Path]]:
        """Divide the files into pictures, annotations, and what is left out. May raise LayoutError."""

    def check_sizes(self, detector: Resolution) -> None:
        """Raise LayoutError when a detector changes the size of a picture, and annotations cannot follow."""
        if self.scales or not self.annotations:
            return
        for picture in self.pictures:
            height, width = size = read_size(self._root / picture)
            if size_on_detector(size, detector) != size:
                raise LayoutError(
                    f"the camera would make {picture} ({width}x{height}) smaller, and annotations such as "
                    f"{self.annotations[0]} cannot follow",
                    f"Give a camera file with a `resolution` beyond {detector.width}x{detector.height} or "
                    "without one, or --format coco or yolo, whose annotations follow.",
                )

    def write_annotations(self, out: Path, detector: Resolution | None = None) -> None:
        """Write all annotations below `out`.

        detector: of the camera that saw the pictures, if it has one; twins that do not fit it are smaller.

        Raises OutputError or LayoutError.
        """
        for path in self.annotations:
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, partial(self._write_annotation, self._root / path, detector=detector))

    def _write_annotation(self, source: Path, target: Path, detector: Resolution | None) -> None:
        """Copy one annotation; layouts that name or measure pictures inside of files rewrite it."""
        shutil.copyfile(source, target)
