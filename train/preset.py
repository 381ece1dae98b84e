"""`python -m train --preset NAME`: one of the paper's methods on its own, by the loop that compares them."""

from __future__ import annotations

from pathlib import Path

from thermalsdk.bundle import Bundle
from thermalsdk.errors import OptionError
from train.comparison.training import Budget, settings_of, train_method
from train.layergan import EdgeConfig
from train.methods import METHODS
from train.mixture import Mixture, open_sets, require_thermal
from train.record import require_same_settings
from train.runtime import Runtime, require_divisible
from train.thermal_batch import segment_mixture

PRESETS = tuple(name for name in METHODS if name != "edge")
#: The paper resizes frames to a random height in this range and takes the largest square (section 3.1).
HEIGHTS = (380, 480)


def check_preset(name: str, data: Path, out: Path, budget: Budget, start: Bundle | None = None) -> None:
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
    require_divisible(budget.batch, name)
    require_thermal(open_sets(data, EdgeConfig().shares).values())
    require_same_settings(out, settings_of(name, budget))


def train_preset(
    name: str,
    data: Path,
    out: Path,
    budget: Budget,
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
    check_preset(name, data, out, budget, start)
    with runtime.fabric.rank_zero_first():
        frames = segment_mixture(Mixture(data, EdgeConfig().shares), out.parent / "segmenter")
    low, high = HEIGHTS
    train_method(name, frames, out, budget, (budget.size / high, budget.size / low), runtime)
