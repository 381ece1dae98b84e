"""What a run was made from, in its config.json: the exporter copies it into the bundle's manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thermalsdk.bundle import Bundle
from train.checkpoint import CheckpointError, checkpoint_files, write_json
from train.mixture import Mixture
from train.parallel import rank

CONFIG = "config.json"
#: What a run that goes on may have otherwise: its length, and how much data there is.
MAY_CHANGE = ("steps", "images", "data")


def record_run(
    out: Path,
    config: Any,
    mixture: Mixture,
    start: Bundle | None,
    also: Sequence[Mapping[str, object]] = (),
) -> None:
    """Make the run directory and write its configuration, its data, and the bundle that it starts from.

    Args:
        config: the stage's configuration, a dataclass.
        also: what else it learns from, each as `mixture.provenance_of` says it.
    """
    write_record(out, _settings(out, config, start) | {"data": [*mixture.provenance(), *also]})


def require_same_run(out: Path, config: Any, start: Bundle | None) -> None:
    """Raise CheckpointError where `record_run` would, before there is any data to record."""
    require_same_settings(out, _settings(out, config, start))


def write_record(out: Path, record: dict[str, Any]) -> None:
    """Make the run directory and write `record` into it.

    Raises:
        CheckpointError: a run was begun there with other settings than its length and its data.
    """
    require_same_settings(out, record)
    if rank() == 0:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / CONFIG, record)


def require_same_settings(out: Path, settings: dict[str, Any]) -> None:
    """Refuse to go on with a run that was begun with other values of `settings`.

    Raises:
        CheckpointError: one of them, neither length nor data, is not what it was.
    """
    before = _begun(out)
    # What is left out now was set then.
    now = json.loads(json.dumps(dict.fromkeys(before) | settings))
    changed = [key for key in sorted(now) if key not in MAY_CHANGE and before.get(key) != now[key]]
    if before and changed:
        was = ", ".join(f"{key} was {before.get(key)!r}, now {now[key]!r}" for key in changed)
        raise CheckpointError(
            f"{out} was begun with other settings: {was}",
            "Take the former settings to go on, or another folder with --out.",
        )


def _settings(out: Path, config: Any, start: Bundle | None) -> dict[str, Any]:
    """What a run is begun with, its data apart."""
    settings = asdict(config)
    if start is not None:
        settings["start"] = {"bundle": start.path.name, "training": start.manifest.training.get(out.name)}
    return settings


def _begun(out: Path) -> dict[str, Any]:
    """What a run in `out` that has a checkpoint was begun with; empty where there is none."""
    path = out / CONFIG
    begun = path.exists() and any(file.exists() for file in checkpoint_files(out))
    return json.loads(path.read_text()) if begun else {}
