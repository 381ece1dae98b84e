"""What a run was made from, in its config.json: the exporter copies it into the bundle's manifest."""

from __future__ import annotations

import json
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


def record_run(out: Path, config: Any, mixture: Mixture, start: Bundle | None) -> None:
    """Make the run directory and write its configuration, its data, and the bundle that it starts from.

    Args:
        config: the stage's configuration, a dataclass.
    """
    record = asdict(config) | {"data": mixture.provenance()}
    if start is not None:
        record["start"] = {"bundle": start.path.name, "training": start.manifest.training.get(out.name)}
    write_record(out, record)


def write_record(out: Path, record: dict[str, Any]) -> None:
    """Make the run directory and write `record` into it.

    Raises:
        CheckpointError: a run was begun there with other settings than its length and its data.
    """
    path = out / CONFIG
    begun = any(file.exists() for file in checkpoint_files(out))
    if begun and path.exists():
        before, now = json.loads(path.read_text()), json.loads(json.dumps(record))
        changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        fixed = [key for key in changed if key not in MAY_CHANGE]
        if fixed:
            was = ", ".join(f"{key} was {before.get(key)!r}, now {now.get(key)!r}" for key in fixed)
            raise CheckpointError(
                f"{out} was begun with other settings: {was}",
                "Take the former settings to go on, or another folder with --out.",
            )
    if rank() == 0:
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
