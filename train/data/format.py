"""The canonical data set on disk (docs/formats.md): opened with every check, read one frame at a time."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.labels import VOID
from train.data import pictures
from train.data.errors import DatasetError
from train.data.spec import SPLITS, Box, DatasetSpec, ThermalSpec, read_boxes, read_spec, read_temperatures

_THERMAL_MODES = {"counts8": "L", "centikelvin16": "I;16"}


@dataclass(frozen=True)
class Sample:
    """One frame.

    rgb: uint8 HxWx3. raw_counts: thermal as stored, uint8 or uint16 HxW. thermal_kelvin: the same on the
    declared scale, float32 HxW. labels: uint8 HxW class ids, 255 unsure. source_map: uint8 HxW in the
    source's own numbering (DatasetSpec.maps). instances: uint16 HxW, 0 for none. Each is None where the set
    has none. boxes: None where nobody looked for objects. temperatures: mean kelvin by instance id.
    """

    stem: str
    rgb: npt.NDArray[np.uint8]
    thermal_kelvin: npt.NDArray[np.float32] | None
    labels: npt.NDArray[np.uint8] | None
    instances: npt.NDArray[np.uint16] | None
    night: bool
    boxes: tuple[Box, ...] | None
    raw_counts: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | None
    source_map: npt.NDArray[np.uint8] | None
    sequence: str | None
    label_source: str | None
    temperatures: dict[int, float]

    @property
    def clip(self) -> str:
        """What the frame belongs to that is independent of other frames: its sequence, or itself."""
        return self.stem if self.sequence is None else f"sequence {self.sequence}"

    @property
    def reliable_labels(self) -> npt.NDArray[np.uint8] | None:
        """The labels, or None where there are none or none that can be relied on."""
        return None if self.label_source == "unreliable" else self.labels


class Dataset:
    """A checked data set. Open with `Dataset.open(root)`."""

    def __init__(
        self,
        root: Path,
        spec: DatasetSpec,
        boxes: dict[str, tuple[Box, ...]],
        temperatures: dict[str, dict[int, float]],
    ) -> None:
        self.root = root
        self.spec = spec
        self._boxes = boxes
        self._temperatures = temperatures

    @classmethod
    def open(cls, root: str | Path) -> "Dataset":
        """Read dataset.json and check that every declared picture exists with the right layout and size.

        Pixels are not decoded here; `sample` checks them. Raises DatasetError naming the file and the fix.
        """
        root = Path(root)
        if not root.is_dir():
            raise DatasetError(
                f"{root} is no folder", "Make one with `python -m train prepare SOURCE SRC OUT`."
            )
        spec = read_spec(root / "dataset.json")
        boxes = read_boxes(root / "boxes.json", spec.frames)
        temperatures = read_temperatures(root / "temperatures.json", spec.frames)
        dataset = cls(root, spec, boxes, temperatures)
        dataset._check_pictures()
        return dataset

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.spec.name

    @property
    def folder(self) -> str:
        """Name of its folder: two sets of the same source have the same name, but not the same folder."""
        return self.root.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in painter's order; a label id is an index into them."""
        return self.spec.classes

    @property
    def thermal(self) -> ThermalSpec | None:
        """Scale of the thermal pictures, None for a set without them."""
        return self.spec.thermal

    def fingerprint(self, reader: str = "") -> str:
        """Of all files of the set, by name, size and time; another one where a file has changed.

        Args:
            reader: code that makes something of the files, where what it makes is to be known again.
        """
        digest = hashlib.sha256(reader.encode())
        for path in sorted(self.root.rglob("*")):
            state = path.stat()
            digest.update(f"{path.relative_to(self.root)} {state.st_size} {state.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def stems(self, split: str) -> tuple[str, ...]:
        """Stems of "train", "val" or "test", in order (frames of a sequence are consecutive)."""
        if split not in SPLITS:
            raise DatasetError(f"there is no split {split!r}", f"Use one of {', '.join(SPLITS)}.")
        return self.spec.splits.get(split, ())

    def is_night(self, stem: str) -> bool:
        """Whether the frame was taken at night."""
        return self.spec.frames[self._known(stem)].night

    def sample(self, stem: str) -> Sample:
        """Decode one frame. Raises DatasetError for a damaged picture or a label id the classes lack."""
        frame = self.spec.frames[self._known(stem)]
        counts = self._optional("thermal", stem)
        return Sample(
            stem=stem,
            rgb=pictures.read(self._rgb_path(stem)),
            thermal_kelvin=None if counts is None else self._to_kelvin(counts),
            labels=self._labels(stem),
            instances=self._optional("instances", stem),
            night=frame.night,
            boxes=self._boxes.get(stem),
            raw_counts=counts,
            source_map=self._optional("maps", stem),
            sequence=frame.sequence,
            label_source=frame.label_source,
            temperatures=self._temperatures.get(stem, {}),
        )

    def _to_kelvin(self, counts: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        kelvin = self.thermal.offset_kelvin + self.thermal.kelvin_per_count * counts.astype(np.float64)
        return kelvin.astype(np.float32)

    def _known(self, stem: str) -> str:
        if stem not in self.spec.frames:
            raise DatasetError(f"{self.root} has no frame {stem!r}", "Take a stem from Dataset.stems.")
        return stem

    def _rgb_path(self, stem: str) -> Path:
        jpeg = self.root / "rgb" / f"{stem}.jpg"
        return jpeg if jpeg.exists() else self.root / "rgb" / f"{stem}.png"

    def _layouts(self) -> dict[str, str]:
        """Pillow mode by folder, for the folders this set has besides rgb."""
        layouts = {}
        if self.thermal is not None:
            layouts["thermal"] = _THERMAL_MODES[self.thermal.encoding]
        if self.spec.maps is not None:
            layouts["maps"] = "L"
        if (self.root / "instances").is_dir():
            layouts["instances"] = "I;16"
        return layouts

    def _check_pictures(self) -> None:
        layouts = self._layouts()
        for stem, frame in self.spec.frames.items():
            size = pictures.require_mode(self._rgb_path(stem), "RGB")
            for folder, mode in layouts.items():
                pictures.require_mode(self.root / folder / f"{stem}.png", mode, size)
            if frame.label_source is not None:
                pictures.require_mode(self.root / "labels" / f"{stem}.png", "L", size)
            self._check_boxes(stem, size)

    def _check_boxes(self, stem: str, size: tuple[int, int]) -> None:
        for box in self._boxes.get(stem, ()):
            if box.x0 < 0 or box.y0 < 0 or box.x1 > size[1] or box.y1 > size[0]:
                raise DatasetError(
                    f"{self.root / 'boxes.json'}: the box {list(box)} leaves {stem}",
                    f"Boxes are in pixels; clip it to {size[1]}x{size[0]}.",
                )

    def _optional(self, folder: str, stem: str) -> npt.NDArray[np.generic] | None:
        return pictures.read(self.root / folder / f"{stem}.png") if folder in self._layouts() else None

    def _labels(self, stem: str) -> npt.NDArray[np.uint8] | None:
        if self.spec.frames[stem].label_source is None:
            return None
        path = self.root / "labels" / f"{stem}.png"
        labels = pictures.read(path)
        unknown = sorted(set(np.unique(labels).tolist()) - {VOID, *range(len(self.classes))})
        if unknown:
            raise DatasetError(
                f"{path} holds the label ids {unknown}, the set has {len(self.classes)} classes",
                f"Map them to 0..{len(self.classes) - 1}, or to {VOID} for unsure.",
            )
        return labels
