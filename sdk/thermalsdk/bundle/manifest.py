"""The one definition of manifest.json: typed, read with checks, written with hashes.

docs/formats.md, section "Bundle", describes every field.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from thermalsdk.errors import BundleError
from thermalsdk.partial import replace_whole

MANIFEST_NAME = "manifest.json"
#: 1 had features with channels first.
SCHEMA_VERSION = 2
#: Of frames, and of what the networks see of them.
MIN_SIDE = 64
#: The widest window that the composition has, kMaxFeather in cpp_ops/pixel.h.
_MOST_FEATHER = 4


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a graph. A dynamic axis is a string such as "H" or "W/4"."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    range: tuple[float, float] | None = None
    unit: str | None = None

    def shape_for(self, height: int, width: int) -> tuple[int, ...]:
        """The shape that it has for a frame of (height, width)."""
        sides = {"H": height, "W": width}
        return tuple(
            axis if isinstance(axis, int) else sides[axis[0]] // int(axis.partition("/")[2] or 1)
            for axis in self.shape
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TensorSpec:
        """Read parsed JSON."""
        limits = data.get("range")
        return cls(
            name=str(data["name"]),
            dtype=str(data["dtype"]),
            shape=tuple(data["shape"]),
            range=None if limits is None else (float(limits[0]), float(limits[1])),
            unit=data.get("unit"),
        )


@dataclass(frozen=True)
class GraphSpec:
    """One ONNX file of the bundle with its inputs and outputs."""

    file: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GraphSpec:
        """Read parsed JSON."""
        return cls(
            file=_plain_name(data["file"]),
            inputs=tuple(TensorSpec.from_dict(tensor) for tensor in data["inputs"]),
            outputs=tuple(TensorSpec.from_dict(tensor) for tensor in data["outputs"]),
        )


@dataclass(frozen=True)
class Graphs:
    """Every graph of a bundle. `layers` has one entry per class; the others but the encoder are optional.

    The fused graph is encoder and layers in one, which TensorRT may run instead of them. The pipeline has the
    composition as well and is for servers; the SDK does not run it.
    """

    encoder: GraphSpec
    layers: dict[str, GraphSpec]
    segmenter: GraphSpec | None = None
    labeller: GraphSpec | None = None
    fused: GraphSpec | None = None
    pipeline: GraphSpec | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Graphs:
        """Read parsed JSON."""

        def optional(name: str) -> GraphSpec | None:
            return GraphSpec.from_dict(data[name]) if data.get(name) is not None else None

        return cls(
            encoder=GraphSpec.from_dict(data["encoder"]),
            layers={str(name): GraphSpec.from_dict(spec) for name, spec in data["layers"].items()},
            segmenter=optional("segmenter"),
            labeller=optional("labeller"),
            fused=optional("fused"),
            pipeline=optional("pipeline"),
        )

    def all(self) -> tuple[GraphSpec, ...]:
        """Every graph that the SDK needs; what joins several of them is left out."""
        optional = tuple(spec for spec in (self.segmenter, self.labeller) if spec is not None)
        return (self.encoder, *self.layers.values(), *optional)


@dataclass(frozen=True)
class ThermalNormalization:
    """Coding of temperatures for the layers: (kelvin - offset_kelvin) / scale_kelvin."""

    offset_kelvin: float = 283.15
    scale_kelvin: float = 20.0


@dataclass(frozen=True)
class FileEntry:
    """What a file of the bundle must be: SHA-256 in hexadecimal, size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """All of manifest.json. `classes` are in painter's order: a higher index lies in front."""

    name: str
    classes: tuple[str, ...]
    graphs: Graphs
    kelvin_range: tuple[float, float]
    radiometric: bool
    alignment: int = 32
    color_order: str = "rgb"
    contrast_kelvin: float = 10.0
    feather_pixels: int = 2
    region_growth_pixels: int = 32
    known_side_pixels: int = 420  # of the bundles that do not say it
    thermal_normalization: ThermalNormalization = field(default_factory=ThermalNormalization)
    opset: int = 18
    golden: str | None = None
    files: dict[str, FileEntry] = field(default_factory=dict)
    producers: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    parity: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Read parsed JSON.

        Raises BundleError for another schema version, an absent field, or a contradiction.
        """
        _check_schema(data.get("schema_version") if isinstance(data, Mapping) else None)
        try:
            manifest = cls(
                name=str(data["name"]),
                classes=tuple(str(name) for name in data["classes"]),
                graphs=Graphs.from_dict(data["graphs"]),
                kelvin_range=(float(data["kelvin_range"][0]), float(data["kelvin_range"][1])),
                radiometric=bool(data["radiometric"]),
                alignment=int(data["alignment"]),
                color_order=str(data["color_order"]),
                contrast_kelvin=float(data["contrast_kelvin"]),
                feather_pixels=int(data["feather_pixels"]),
                region_growth_pixels=int(data["region_growth_pixels"]),
                known_side_pixels=int(data.get("known_side_pixels", cls.known_side_pixels)),
                thermal_normalization=ThermalNormalization(
                    offset_kelvin=float(data["thermal_normalization"]["offset_kelvin"]),
                    scale_kelvin=float(data["thermal_normalization"]["scale_kelvin"]),
                ),
                opset=int(data["opset"]),
                golden=None if data.get("golden") is None else _plain_name(data["golden"]),
                files={
                    _plain_name(name): FileEntry(str(entry["sha256"]), int(entry["bytes"]))
                    for name, entry in data["files"].items()
                },
                producers=dict(data.get("producers", {})),
                training=dict(data.get("training", {})),
                parity=dict(data.get("parity", {})),
            )
        except KeyError as error:
            raise BundleError(f"{MANIFEST_NAME} lacks the field {error}", _WRITE_AGAIN) from error
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            raise BundleError(
                f"{MANIFEST_NAME} holds a field of the wrong type: {error}", _WRITE_AGAIN
            ) from error
        manifest.check()
        return manifest

    def to_dict(self) -> dict[str, Any]:
        """Make JSON data, schema_version first."""
        data = asdict(self)
        return {"schema_version": data.pop("schema_version"), **data}

    def check(self) -> None:
        """Raise BundleError when the manifest contradicts itself."""
        problems = []
        if not self.classes or len(set(self.classes)) != len(self.classes) or len(self.classes) > 255:
            problems.append("classes are not 1 to 255 different names")
        if set(self.graphs.layers) != set(self.classes):
            difference = sorted(set(self.graphs.layers) ^ set(self.classes))
            problems.append(f"classes and layers differ in {', '.join(difference)}")
        if self.color_order != "rgb":
            problems.append(f"color_order is {self.color_order!r}, which is not 'rgb'")
        if self.alignment < 8 or self.alignment % 8:
            problems.append(f"alignment {self.alignment} is not a multiple of 8")
        if self.region_growth_pixels < 0 or self.region_growth_pixels % 8:
            problems.append(f"region_growth_pixels {self.region_growth_pixels} is not a multiple of 8")
        if not 0 <= self.feather_pixels <= min(_MOST_FEATHER, self.region_growth_pixels):
            problems.append(
                f"feather_pixels {self.feather_pixels} is none of 0 to {_MOST_FEATHER}, "
                f"or more than region_growth_pixels {self.region_growth_pixels}"
            )
        if self.known_side_pixels < MIN_SIDE:
            problems.append(f"known_side_pixels {self.known_side_pixels} is below {MIN_SIDE}")
        coding = self.thermal_normalization
        for name, kelvin in (
            ("contrast_kelvin", self.contrast_kelvin),
            ("thermal_normalization.scale_kelvin", coding.scale_kelvin),
            ("thermal_normalization.offset_kelvin", coding.offset_kelvin),
        ):
            if not (math.isfinite(kelvin) and kelvin > 0):
                problems.append(f"{name} {kelvin} is no positive number")
        named = [spec.file for spec in self.graphs.all()] + ([self.golden] if self.golden else [])
        named += [joined.file for joined in (self.graphs.fused, self.graphs.pipeline) if joined]
        absent = sorted({name for name in named if name not in self.files})
        if absent:
            problems.append(f"no size and hash for {', '.join(absent)}")
        if problems:
            raise BundleError(f"{MANIFEST_NAME}: {'; '.join(problems)}", _WRITE_AGAIN)


_WRITE_AGAIN = "Write the bundle again with `python -m export`."


def _check_schema(version: object) -> None:
    if version == SCHEMA_VERSION:
        return
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BundleError(
            f"the bundle has schema version {version}; this thermalsdk reads version {SCHEMA_VERSION}",
            "Update it: pip install --upgrade thermalsdk.",
        )
    raise BundleError(
        f"{MANIFEST_NAME} has no schema version that thermalsdk reads: {version!r}", _WRITE_AGAIN
    )


def _plain_name(name: Any) -> str:
    """Check a file name; a manifest never reaches outside its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BundleError(f"{MANIFEST_NAME} names the file {name!r}, outside of the bundle", _WRITE_AGAIN)
    return str(path)


def read_manifest(directory: Path) -> Manifest:
    """Manifest of a bundle folder. Raises BundleError; the files themselves are not looked at."""
    path = directory / MANIFEST_NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BundleError(f"{directory} holds no {MANIFEST_NAME}", "Name the folder of a bundle.") from error
    except (OSError, ValueError) as error:
        raise BundleError(
            f"cannot read {path}: {error}", "Copy the bundle again, or write it again."
        ) from error
    return Manifest.from_dict(data)


def write_manifest(directory: str | Path, manifest: Manifest) -> Manifest:
    """Hash every file of the folder and write manifest.json, last and in one step.

    Args:
        directory: the bundle folder, its other files complete; names that start with a dot are skipped.
        manifest: everything but `files`, which is computed here.

    Returns the manifest as written. Raises BundleError when a graph's file is absent.
    """
    folder = Path(directory)
    complete = replace(manifest, files=_hash_files(folder))
    complete.check()
    text = json.dumps(complete.to_dict(), indent=1) + "\n"
    replace_whole(folder / MANIFEST_NAME, text.encode())
    return complete


def _hash_files(folder: Path) -> dict[str, FileEntry]:
    entries = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST_NAME and not path.name.startswith("."):
            entries[name] = hash_file(path)
    return entries


def hash_file(path: Path) -> FileEntry:
    """SHA-256 and size of a file."""
    content = path.read_bytes()
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))
