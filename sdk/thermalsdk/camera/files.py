"""Cameras as YAML and JSON, and the ones that ship. A stage that is absent or null is switched off."""

from __future__ import annotations

import functools
import hashlib
import json
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import NoneType
from typing import Any

from thermalsdk.camera.config import CameraConfig, stage_names
from thermalsdk.documents import check_names, read_document, shipped_names, shipped_path
from thermalsdk.errors import CameraError, OptionError
from thermalsdk.radiometry import Band

_PRESETS = Path(__file__).parent / "presets"


def camera_names() -> tuple[str, ...]:
    """Names for `Camera.preset`, sorted."""
    return shipped_names(_PRESETS)


@functools.cache
def read_preset(name: str) -> CameraConfig:
    """Read a shipped camera. Raises CameraError, which lists the names, for an unknown one."""
    return read_config(shipped_path(_PRESETS, name, "camera", CameraError))


def read_config(path: Path) -> CameraConfig:
    """Read a file. Raises CameraError naming it and the field that cannot be used."""
    data = read_document(path, CameraError)
    try:
        return from_data(data)
    except CameraError as error:
        raise CameraError(f"{path}: {error.message}", error.hint) from error


def from_data(data: Mapping[str, Any]) -> CameraConfig:
    """Camera of a file's data. Raises CameraError."""
    names = [field.name for field in fields(CameraConfig)]
    check_names(data, ("name",), names[1:], "the camera", CameraError)
    values = {name: value for name, value in data.items() if name not in (*stage_names(), "band", "sources")}
    stages = {name: _stage(name, data[name]) for name in stage_names() if data.get(name) is not None}
    if "band" in data:
        values["band"] = _band(data["band"])
    sources = data.get("sources") or []
    if not isinstance(sources, list):
        raise CameraError(f"sources is {sources!r}", "Give a list of lines.")
    return CameraConfig(**values, **stages, sources=tuple(sources))


def to_data(config: CameraConfig) -> dict[str, Any]:
    """Data of a file, its numbers Python's own; stages that are off are left out."""
    data = {name: value for name, value in asdict(config).items() if value is not None}
    plain: dict[str, Any] = json.loads(json.dumps(data, default=lambda number: number.item()))
    return plain


def config_hash(config: CameraConfig, seed: int) -> str:
    """First 16 digits of the SHA-256 of all that decides what the camera makes of a scene."""
    data = {**to_data(config), "sources": None, "seed": seed}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def _stage(name: str, data: Any) -> Any:
    kind = stage_class(name)
    required = [field.name for field in fields(kind) if field.default is MISSING]
    optional = [field.name for field in fields(kind) if field.default is not MISSING]
    check_names(data, required, optional, name, CameraError)
    return kind(**data)


@functools.cache
def stage_class(name: str) -> Any:
    """Dataclass of a stage, out of the type of its field."""
    choices = typing.get_args(typing.get_type_hints(CameraConfig)[name])
    return next(choice for choice in choices if choice is not NoneType)


def _band(data: Any) -> Band:
    check_names(data, ("low_um", "high_um"), (), "band", CameraError)
    try:
        return Band(**data)
    except (OptionError, TypeError) as error:
        raise CameraError(f"band is {data!r}", "Give edges in micrometres, such as 8 and 14.") from error
