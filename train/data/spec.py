"""dataset.json: its fields, parsing with one clear error for each thing that can be wrong, and writing."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from train.data.errors import DatasetError

FORMAT_VERSION = 1
SPLITS = ("train", "val", "test")
ENCODINGS = ("counts8", "centikelvin16")
LEVELS = ("absolute", "per-frame-gain")
#: Sources of labels that can be relied on, and all of them.
TRUSTED = ("true", "pseudo")
LABEL_SOURCES = (*TRUSTED, "unreliable")
_CENTIKELVIN = (0.0, 0.01)


class Box(NamedTuple):
    """A human-drawn box: class name and edges in pixels, x0 <= column < x1, y0 <= row < y1."""

    name: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class ThermalSpec:
    """How stored numbers become kelvin: offset_kelvin + kelvin_per_count * count.

    radiometric: whether those kelvin are measured; false marks a nominal scale.
    level: "absolute" when one scale holds for every frame, "per-frame-gain" when only contrast has a meaning.
    """

    encoding: str = "counts8"
    offset_kelvin: float = 273.15
    kelvin_per_count: float = 0.2
    radiometric: bool = False
    level: str = "absolute"


@dataclass(frozen=True)
class FrameSpec:
    """What is known of one frame besides its pictures.

    sequence: name of the clip it belongs to; frames of a clip are consecutive in their split.
    label_source: "true" (people or a renderer drew the labels), "pseudo" (a network did), "unreliable"
    (a network did and is known to fail there), None where there are no labels.
    """

    night: bool = False
    sequence: str | None = None
    label_source: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """Everything in dataset.json. `maps` names the numbering of maps/, None when there is no such folder."""

    name: str
    classes: tuple[str, ...]
    thermal: ThermalSpec | None
    splits: Mapping[str, tuple[str, ...]]
    frames: Mapping[str, FrameSpec]
    source: str
    licence: str
    maps: str | None = None
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the content of dataset.json."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "classes": list(self.classes),
            "thermal": None if self.thermal is None else vars(self.thermal).copy(),
            "splits": {split: list(self.splits.get(split, ())) for split in SPLITS},
            "source": self.source,
            "licence": self.licence,
            "maps": self.maps,
            "notes": list(self.notes),
            "frames": {stem: vars(frame).copy() for stem, frame in self.frames.items()},
        }


def read_json(path: Path) -> Any:
    """Parse a JSON file. Raises DatasetError naming the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is missing", "Point at a folder made by `python -m train prepare` (docs/formats.md)."
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path} is not valid JSON: {error}", "Repair the file or prepare the data anew."
        ) from error


def read_spec(path: Path) -> DatasetSpec:
    """Read and check dataset.json. Raises DatasetError naming the file and the field."""
    data = read_json(path)
    if not isinstance(data, dict):
        raise DatasetError(f"{path} holds no JSON object", "docs/formats.md lists its fields.")
    version = data.get("format_version")
    if version != FORMAT_VERSION:
        raise DatasetError(
            f"{path}: format_version is {version!r}, this program reads {FORMAT_VERSION}",
            "Prepare the data anew with this version.",
        )
    maps = data.get("maps")
    if maps is not None and not isinstance(maps, str):
        raise DatasetError(
            f"{path}: maps is {maps!r}", "Name the numbering of maps/ as a string, or use null."
        )
    frames = _frames(path, data)
    return DatasetSpec(
        name=_text(path, data, "name"),
        classes=_classes(path, data),
        thermal=_thermal(path, data.get("thermal")),
        splits=_splits(path, data, frames),
        frames=frames,
        source=_text(path, data, "source"),
        licence=_text(path, data, "licence"),
        maps=maps,
        notes=tuple(str(note) for note in data.get("notes", ())),
    )


def read_boxes(path: Path, stems: Mapping[str, FrameSpec]) -> dict[str, tuple[Box, ...]]:
    """Read boxes.json: {stem: [[class name, x0, y0, x1, y1], ...]}; an absent file means no boxes."""
    if not path.exists():
        return {}
    data = _by_stem(path, stems)
    return {
        stem: tuple(_box(path, stem, row) for row in _list(path, stem, rows)) for stem, rows in data.items()
    }


def read_temperatures(path: Path, stems: Mapping[str, FrameSpec]) -> dict[str, dict[int, float]]:
    """Read temperatures.json: {stem: {instance id: mean kelvin}}; an absent file means none are known."""
    if not path.exists():
        return {}
    return {stem: _instance_kelvin(path, stem, rows) for stem, rows in _by_stem(path, stems).items()}


def _text(path: Path, data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise DatasetError(f"{path}: {key} is {value!r}", f"Give {key} as a non-empty string.")
    return value


def _classes(path: Path, data: dict[str, Any]) -> tuple[str, ...]:
    names = data.get("classes")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise DatasetError(f"{path}: classes is {names!r}", "List the class names in painter's order.")
    if len(set(names)) != len(names) or len(names) > 255:
        raise DatasetError(
            f"{path}: classes repeat or are more than 255", "Give each class one name and one id below 255."
        )
    return tuple(names)


def _thermal(path: Path, data: Any) -> ThermalSpec | None:
    if data is None:
        return None
    try:
        spec = ThermalSpec(**data)
    except TypeError as error:
        raise DatasetError(
            f"{path}: thermal does not fit: {error}", f"Fields: {', '.join(vars(ThermalSpec()))}."
        ) from error
    if spec.encoding not in ENCODINGS:
        raise DatasetError(
            f"{path}: thermal.encoding is {spec.encoding!r}", f"Use one of {', '.join(ENCODINGS)}."
        )
    if spec.level not in LEVELS:
        raise DatasetError(f"{path}: thermal.level is {spec.level!r}", f"Use one of {', '.join(LEVELS)}.")
    if not isinstance(spec.radiometric, bool):
        raise DatasetError(f"{path}: thermal.radiometric is {spec.radiometric!r}", "Use true or false.")
    scale = (spec.offset_kelvin, spec.kelvin_per_count)
    if not all(_is_number(value) for value in scale) or scale[1] <= 0:
        raise DatasetError(
            f"{path}: thermal scale is {scale}", "offset_kelvin is a number, kelvin_per_count is above zero."
        )
    if spec.encoding == "centikelvin16" and scale != _CENTIKELVIN:
        raise DatasetError(
            f"{path}: centikelvin16 with scale {scale}",
            "Set offset_kelvin to 0 and kelvin_per_count to 0.01, or use counts8.",
        )
    return spec


def _frames(path: Path, data: dict[str, Any]) -> dict[str, FrameSpec]:
    frames = data.get("frames")
    if not isinstance(frames, dict) or not frames:
        raise DatasetError(f"{path}: frames is empty or no object", "Give one entry per stem.")
    return {stem: _frame(path, stem, entry) for stem, entry in frames.items()}


def _frame(path: Path, stem: str, entry: Any) -> FrameSpec:
    if not stem or "/" in stem or "\\" in stem or stem.startswith("."):
        raise DatasetError(
            f"{path}: {stem!r} is no stem", "A stem is a plain file name without its extension."
        )
    try:
        frame = FrameSpec(**entry)
    except TypeError as error:
        raise DatasetError(
            f"{path}: frames.{stem} does not fit: {error}", f"Fields: {', '.join(vars(FrameSpec()))}."
        ) from error
    if not isinstance(frame.night, bool):
        raise DatasetError(f"{path}: frames.{stem}.night is {frame.night!r}", "Use true or false.")
    if frame.sequence is not None and not isinstance(frame.sequence, str):
        raise DatasetError(f"{path}: frames.{stem}.sequence is {frame.sequence!r}", "Use a string or null.")
    if frame.label_source not in (None, *LABEL_SOURCES):
        raise DatasetError(
            f"{path}: frames.{stem}.label_source is {frame.label_source!r}",
            f"Use null or one of {', '.join(LABEL_SOURCES)}.",
        )
    return frame


def _splits(path: Path, data: dict[str, Any], frames: Mapping[str, FrameSpec]) -> dict[str, tuple[str, ...]]:
    splits = data.get("splits")
    if not isinstance(splits, dict) or set(splits) - set(SPLITS):
        raise DatasetError(
            f"{path}: splits is {type(splits).__name__} or names others than {SPLITS}",
            "Use train, val, test.",
        )
    seen: dict[str, str] = {}
    for split, stems in splits.items():
        for stem in _list(path, f"splits.{split}", stems):
            if stem in seen:
                raise DatasetError(
                    f"{path}: {stem!r} is in {seen[stem]} and again in {split}",
                    "Put each stem into one split, once.",
                )
            if stem not in frames:
                raise DatasetError(
                    f"{path}: {split} names {stem!r}, which frames lacks", "Add the frame or drop the stem."
                )
            seen[stem] = split
    left = sorted(set(frames) - set(seen))
    if left:
        raise DatasetError(
            f"{path}: {len(left)} frames are in no split, first {left[0]!r}",
            "Put each into train, val or test.",
        )
    return {split: tuple(splits.get(split, ())) for split in SPLITS}


def _by_stem(path: Path, stems: Mapping[str, FrameSpec]) -> dict[str, Any]:
    data = read_json(path)
    if not isinstance(data, dict):
        raise DatasetError(f"{path} holds no JSON object", "Its keys are stems.")
    unknown = sorted(set(data) - set(stems))
    if unknown:
        raise DatasetError(
            f"{path} names {unknown[0]!r}, which dataset.json lacks", "Remove the entry or add the frame."
        )
    return data


def _list(path: Path, where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise DatasetError(f"{path}: {where} is no list", "Give a JSON list.")
    return value


def _box(path: Path, stem: str, row: Any) -> Box:
    fits = (
        isinstance(row, list) and len(row) == 5 and isinstance(row[0], str) and all(map(_is_number, row[1:]))
    )
    if not fits or row[1] >= row[3] or row[2] >= row[4]:
        raise DatasetError(
            f"{path}: {stem} holds the box {row!r}",
            "A box is [class, x0, y0, x1, y1] with x0 < x1 and y0 < y1.",
        )
    return Box(row[0], *map(float, row[1:]))


def _instance_kelvin(path: Path, stem: str, rows: Any) -> dict[int, float]:
    if not isinstance(rows, dict) or not all(
        key.isdigit() and _is_number(value) for key, value in rows.items()
    ):
        raise DatasetError(
            f"{path}: {stem} does not map instance ids to kelvin", 'Write {"stem": {"3": 291.5}}.'
        )
    return {int(key): float(value) for key, value in rows.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
