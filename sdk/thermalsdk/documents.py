"""Configuration files: YAML or JSON by suffix, checked field by field, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thermalsdk.errors import ThermalSDKError
from thermalsdk.partial import write_whole

_YAML = (".yaml", ".yml")
SUFFIXES = (*_YAML, ".json")


def read_document(path: Path, error: type[ThermalSDKError]) -> dict[str, Any]:
    """Mapping that a file holds. Raises `error` when it cannot be read, or is no mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise error(f"{path} cannot be read: {reason}", "Name a .yaml or .json file.") from reason
    data = _parse(path, text, error)
    if not isinstance(data, dict):
        raise error(f"{path} holds {type(data).__name__}, no mapping", "Write one `name: value` a line.")
    return data


def write_document(path: Path, data: Mapping[str, Any], error: type[ThermalSDKError]) -> None:
    """Write a mapping. Raises `error` for another suffix, and OutputError where nothing can be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise error(f"{path} has no known suffix", f"Choose one of {', '.join(SUFFIXES)}.")
    write_whole(path, lambda temporary: temporary.write_text(_text(path, data), encoding="utf-8"))


def shipped_names(folder: Path) -> tuple[str, ...]:
    """Names of the documents that ship in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def shipped_path(folder: Path, name: str, kind: str, error: type[ThermalSDKError]) -> Path:
    """File of a shipped document. Raises `error`, which lists the names; `kind` says what it lacks."""
    names = shipped_names(folder)
    if name not in names:
        raise error(f"there is no {kind} {name!r}", f"Choose one of {', '.join(names)}, or load a file.")
    return folder / f"{name}.yaml"


def check_names(
    data: Any, required: Sequence[str], optional: Sequence[str], where: str, error: type[ThermalSDKError]
) -> None:
    """Raise `error` unless `data` is a mapping with all of `required` and nothing beyond `optional`."""
    known = (*required, *optional)
    if not isinstance(data, Mapping):
        raise error(f"{where} is {data!r}, no mapping", f"It holds {', '.join(known)}.")
    unknown = [str(name) for name in data if name not in known]
    missing = [name for name in required if name not in data]
    if unknown or missing:
        fault = f"an unknown field {unknown[0]!r}" if unknown else f"no field {missing[0]!r}"
        raise error(f"{where} has {fault}", f"Its fields are {', '.join(known)}.")


def _parse(path: Path, text: str, error: type[ThermalSDKError]) -> Any:
    import yaml

    if path.suffix.lower() not in SUFFIXES:
        raise error(f"{path} has no known suffix", f"Choose one of {', '.join(SUFFIXES)}.")
    try:
        return yaml.safe_load(text) if path.suffix.lower() in _YAML else json.loads(text)
    except (yaml.YAMLError, ValueError) as reason:
        raise error(f"{path} cannot be read: {reason}", "Check its syntax.") from reason


def _text(path: Path, data: Mapping[str, Any]) -> str:
    import yaml

    if path.suffix.lower() in _YAML:
        return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True)
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
