"""What a run was made from, in its config.json: the exporter copies it into the bundle's manifest."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from thermalsdk.bundle import Bundle
from train.checkpoint import write_json
from train.mixture import Mixture


def record_run(out: Path, config: Any, mixture: Mixture, start: Bundle | None) -> None:
    """Make the run directory and write its configuration, its data, and the bundle that it starts from.

    Args:
        config: the stage's configuration, a dataclass.
    """
    out.mkdir(parents=True, exist_ok=True)
    record = asdict(config) | {"data": mixture.provenance()}
    if start is not None:
        record["start"] = {"bundle": start.path.name, "training": start.manifest.training.get(out.name)}
    write_json(out / "config.json", record)
