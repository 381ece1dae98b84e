"""`python -m train --preset NAME`: one of the paper's methods on its own, by the loop that compares them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from thermalsdk.bundle import Bundle
from thermalsdk.errors import OptionError
from train.comparison.training import Budget, settings_of, train_method
from train.layergan import EdgeConfig
from train.methods import METHODS
from train.mixture import Mixture, open_sets, require_thermal
from train.record import require_same_settings
from train.runtime import Runtime, require_divisible
from train.settings import require_shares
from train.thermal_batch import segment_mixture

PRESETS = tuple(name for name in METHODS if name != "edge")
#: Sides in pixels of the squares that are cut from frames and scaled to the size of the networks. The paper
#: resizes frames to a height in this range first (section 3.1, `train.paper_tensors`); of frames of 480 rows
#: it would show all rows each time.
SIDES = (380, 480)


@dataclass(frozen=True)
class PresetConfig(Budget):
    """The whole configuration of a preset's run.

    Args:
        shares: of the datasets, by folder.
    """

    shares: dict[str, float] = field(default_factory=lambda: EdgeConfig().shares)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_shares(self)


def check_preset(name: str, data: Path, out: Path, config: PresetConfig, start: Bundle | None = None) -> None:
    """Find what `train_preset` could not do with the same arguments, before anything is trained.

    Raises:
        OptionError: `start` was given, or the processes cannot share the batch.
        DatasetError: there are no frames, or a set has no thermal pictures.
        CheckpointError: the run in `out` was begun with other settings.
    """
    if start is not None:
        raise OptionError(
            f"a bundle holds no weights of {name}", "Leave --init out; only preset edge starts from a bundle."
        )
    require_divisible(config.batch, name)
    require_thermal(open_sets(data, config.shares).values())
    require_same_settings(out, settings_of(name, config))


def train_preset(
    name: str,
    data: Path,
    out: Path,
    config: PresetConfig,
    start: Bundle | None = None,
    runtime: Runtime | None = None,
) -> None:
    """Train a method on the prepared datasets in `data` into `out`; resumes what lies there.

    Args:
        start: refused; bundles hold no weights of these methods.
        runtime: default: one process.

    Raises what `check_preset` raises, and DatasetError where neither the sets nor a segmenter give labels.
    """
    runtime = runtime or Runtime()
    check_preset(name, data, out, config, start)
    with runtime.fabric.rank_zero_first():
        mixture = Mixture(data, config.shares, f"--set {name}.shares=JSON")
    frames = segment_mixture(mixture, out.parent / "segmenter", runtime.fabric)
    low, high = SIDES
    train_method(name, frames, out, config, (config.size / high, config.size / low), runtime)
