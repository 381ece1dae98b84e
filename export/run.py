"""A finished training run, read from its directory."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.networks import TrainedNetworks, networks_of
from thermalsdk.bundle import Bundle
from thermalsdk.errors import ThermalSDKError
from thermalsdk.labels import STREET_CLASSES
from train.checkpoint import WEIGHTS, CheckpointError, load_module, steps_done
from train.networks.edge import EdgeGenerator
from train.networks.labeller import Labeller
from train.networks.segmenter import Segmenter
from train.record import CONFIG

#: What each stage trains, by its name in `TrainedNetworks`, in the order of a whole run.
_NETWORKS = {"segmenter": "segmenter", "labeller": "labeller", "edge": "generator"}
STAGES = tuple(_NETWORKS)

logger = logging.getLogger(__name__)


class RunError(ThermalSDKError):
    """A training run is absent or incomplete."""


@dataclass(frozen=True)
class TrainingRun(TrainedNetworks):
    """The averaged (EMA) networks of a run, and each stage's record."""

    directory: Path
    records: dict[str, dict[str, Any]]

    @property
    def settings(self) -> dict[str, Any]:
        """The generator's configuration: contrast, feather, normalisation."""
        return self.records["edge"]


def load_run(directory: Path, base: Bundle | None = None) -> TrainingRun:
    """Load a run's weights, also of one that is unfinished: the log says how far it came.

    Args:
        base: bundle that gives the stages which the run lacks; without it a run must have all of them.

    Raises:
        RunError: a stage has no checkpoint, or none has; or labeller and layers normalise otherwise.
        CheckpointError: a stage has none that is whole.
        BundleError: the bundle's networks have other shapes than those of this version.
    """
    own = [stage for stage in STAGES if base is None or (directory / stage / WEIGHTS).exists()]
    if not own:
        raise RunError(f"{directory} holds no stage of a training run", "Name the folder given to --out.")
    records = {stage: _record(directory / stage) for stage in own}
    for stage, record in records.items():
        if record["steps_done"] < record["steps"]:
            logger.warning("%s: %d of %d steps", stage, record["steps_done"], record["steps"])
    if base is None:
        networks = _untrained(records["edge"])
    else:
        networks = networks_of(base)
        records = {stage: records.get(stage) or _record_in(base, stage) for stage in STAGES}
    _require_one_normalization(directory, records)
    for stage in own:
        name = _NETWORKS[stage]
        load_module(directory / stage, f"{name}_ema", getattr(networks, name))
    return TrainingRun(networks.generator, networks.segmenter, networks.labeller, directory, records)


def _untrained(settings: dict[str, Any]) -> TrainedNetworks:
    numbers = (settings["offset_kelvin"], settings["scale_kelvin"])
    return TrainedNetworks(
        EdgeGenerator(STREET_CLASSES, pretrained=False),
        Segmenter(STREET_CLASSES, pretrained=False),
        Labeller(STREET_CLASSES, *numbers, pretrained=False),
    )


def _require_one_normalization(directory: Path, records: dict[str, dict[str, Any]]) -> None:
    """The manifest has one, for what the labeller gives and for what the layers are told."""
    codings = [
        (records[stage]["offset_kelvin"], records[stage]["scale_kelvin"]) for stage in ("labeller", "edge")
    ]
    if codings[0] != codings[1]:
        raise RunError(
            f"{directory}: labeller and edge normalise temperatures by (offset, scale) {codings[0]} and "
            f"{codings[1]} K",
            "Train one of them again, with the numbers of this version.",
        )


def newest_run(root: Path) -> Path:
    """The run directory under `root` whose newest stage is newest, among those that did all of their steps.

    Raises:
        RunError: there is none.
    """
    runs = [path for path in root.glob("*") if _is_complete(path)]
    if not runs:
        raise RunError(
            f"{root} holds no complete training run",
            "Train one to its end with `python -m train`, or name an unfinished one with --checkpoint, or a "
            "bundle: --checkpoint street.",
        )
    return max(runs, key=lambda run: max((run / stage / WEIGHTS).stat().st_mtime for stage in STAGES))


def holds_runs(root: Path) -> bool:
    """Whether a training run, complete or not, lies under `root`."""
    return any((path / stage).exists() for path in root.glob("*") for stage in STAGES)


def _is_complete(run: Path) -> bool:
    try:
        records = [_record(run / stage) for stage in STAGES]
    except (RunError, CheckpointError):
        return False
    return all(record["steps_done"] >= record["steps"] for record in records)


def _record(stage: Path) -> dict[str, Any]:
    weights = stage / WEIGHTS
    if not weights.exists():
        raise RunError(
            f"{stage.parent} has no {stage.name}: {weights} is absent",
            f"Train it with `python -m train {stage.name} --out {stage.parent}`.",
        )
    record: dict[str, Any] = json.loads((stage / CONFIG).read_text())
    return record | {"steps_done": steps_done(stage)}


def _record_in(bundle: Bundle, stage: str) -> dict[str, Any]:
    """What a bundle's manifest says of a stage, as a run records it."""
    manifest = bundle.manifest
    training = {"steps": 0, "seed": None, "data": [], **manifest.training.get(stage, {})}
    return {
        **training,
        "steps_done": training["steps"],
        "known_side_pixels": manifest.known_side_pixels,
        "contrast_kelvin": manifest.contrast_kelvin,
        "feather_pixels": manifest.feather_pixels,
        "offset_kelvin": manifest.thermal_normalization.offset_kelvin,
        "scale_kelvin": manifest.thermal_normalization.scale_kelvin,
    }
