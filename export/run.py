"""A finished training run, read from its directory."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.networks import TrainedNetworks
from thermalsdk.errors import ThermalSDKError
from thermalsdk.labels import STREET_CLASSES
from train.checkpoint import WEIGHTS, CheckpointError, load_module, steps_done
from train.networks.edge import EdgeGenerator
from train.networks.labeller import Labeller
from train.networks.segmenter import Segmenter
from train.record import CONFIG

STAGES = ("segmenter", "labeller", "edge")

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


def load_run(directory: Path) -> TrainingRun:
    """Load a run's weights, also of one that is unfinished: the log says how far it came.

    Raises:
        RunError: a stage has no checkpoint.
        CheckpointError: a stage has none that is whole.
    """
    records = {stage: _record(directory / stage) for stage in STAGES}
    for stage, record in records.items():
        if record["steps_done"] < record["steps"]:
            logger.warning("%s: %d of %d steps", stage, record["steps_done"], record["steps"])
    edge = records["edge"]
    numbers = (edge["offset_kelvin"], edge["scale_kelvin"])
    generator = EdgeGenerator(STREET_CLASSES, pretrained=False)
    labeller = Labeller(STREET_CLASSES, *numbers, pretrained=False)
    segmenter = Segmenter(STREET_CLASSES, pretrained=False)
    load_module(directory / "edge", "generator_ema", generator)
    load_module(directory / "labeller", "labeller_ema", labeller)
    load_module(directory / "segmenter", "segmenter_ema", segmenter)
    return TrainingRun(generator, segmenter, labeller, directory, records)


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
