"""Writes a data set beside its target and renames it into place: the target is complete or absent."""

import json
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from train.data import pictures
from train.data.errors import DatasetError
from train.data.format import Dataset
from train.data.spec import SPLITS, Box, DatasetSpec, FrameSpec, ThermalSpec


class DatasetWriter:
    """Context manager: `add` frames inside; leaving it checks the whole set and moves it to `out`.

    An exception inside leaves nothing behind. Raises DatasetError when `out` already holds something.
    """

    def __init__(
        self,
        out: str | Path,
        *,
        name: str,
        classes: tuple[str, ...],
        thermal: ThermalSpec | None,
        source: str,
        licence: str,
        maps: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._out = Path(out)
        self._header = {
            "name": name,
            "classes": classes,
            "thermal": thermal,
            "source": source,
            "licence": licence,
            "maps": maps,
            "notes": notes,
        }
        self._splits: dict[str, list[str]] = {split: [] for split in SPLITS}
        self._frames: dict[str, FrameSpec] = {}
        self._boxes: dict[str, list[Box]] = {}
        self._temperatures: dict[str, dict[int, float]] = {}
        self._stage = Path()

    def __enter__(self) -> "DatasetWriter":
        if self._out.exists() and (not self._out.is_dir() or any(self._out.iterdir())):
            raise DatasetError(f"{self._out} already holds something", "Remove it, or name another folder.")
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self._stage = Path(tempfile.mkdtemp(prefix=f".{self._out.name}-", dir=self._out.parent))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._stage, ignore_errors=True)

    def add(
        self,
        split: str,
        stem: str,
        rgb: npt.NDArray[np.uint8] | Path,
        *,
        thermal: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | None = None,
        labels: npt.NDArray[np.uint8] | None = None,
        source_map: npt.NDArray[np.uint8] | None = None,
        instances: npt.NDArray[np.uint16] | None = None,
        boxes: list[Box] | None = None,
        temperatures: dict[int, float] | None = None,
        frame: FrameSpec | None = None,
    ) -> None:
        """Add one frame. rgb is uint8 HxWx3, or the path of a JPEG or PNG, copied as it is."""
        if stem in self._frames:
            raise DatasetError(f"the stem {stem!r} is added twice", "Give every frame its own stem.")
        self._write_rgb(stem, rgb)
        layers = {"thermal": thermal, "labels": labels, "maps": source_map, "instances": instances}
        for folder, pixels in layers.items():
            if pixels is not None:
                self._write(folder, stem, pixels)
        if boxes is not None:
            self._boxes[stem] = boxes
        if temperatures is not None:
            self._temperatures[stem] = temperatures
        self._frames[stem] = frame or FrameSpec()
        self._splits[split].append(stem)

    def _write_rgb(self, stem: str, rgb: npt.NDArray[np.uint8] | Path) -> None:
        if not isinstance(rgb, Path):
            self._write("rgb", stem, rgb)
            return
        folder = self._folder("rgb")
        suffix = ".png" if rgb.suffix.lower() == ".png" else ".jpg"
        try:
            shutil.copyfile(rgb, folder / f"{stem}{suffix}")
        except OSError as error:
            raise DatasetError(f"cannot copy {rgb}: {error}", "Check the source folder.") from error

    def _write(self, folder: str, stem: str, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
        pictures.write_png(self._folder(folder) / f"{stem}.png", pixels)

    def _folder(self, name: str) -> Path:
        folder = self._stage / name
        folder.mkdir(exist_ok=True)
        return folder

    def _finish(self) -> None:
        splits = {split: tuple(stems) for split, stems in self._splits.items()}
        spec = DatasetSpec(splits=splits, frames=self._frames, **self._header)
        self._write_json("dataset.json", spec.to_json())
        if self._boxes:
            self._write_json(
                "boxes.json", {stem: [list(box) for box in boxes] for stem, boxes in self._boxes.items()}
            )
        if self._temperatures:
            self._write_json("temperatures.json", self._temperatures)
        Dataset.open(self._stage)
        self._stage.chmod(0o755)
        if self._out.exists():
            self._out.rmdir()
        self._stage.rename(self._out)

    def _write_json(self, name: str, data: object) -> None:
        (self._stage / name).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
