"""`python -m train --preset NAME`: one of the paper's methods on its own, by the loop that compares them."""

from __future__ import annotations

from pathlib import Path

from thermalsdk.bundle import Bundle
from thermalsdk.errors import OptionError
from train.comparison.training import Budget, train_method
from train.layergan import EdgeConfig
from train.methods import METHODS
from train.mixture import Mixture
from train.runtime import Runtime
from train.thermal_batch import segment_mixture

PRESETS = tuple(name for name in METHODS if name != "edge")
#: Below 64 the critics' windows do not fit.
SIZES = (64, 128, 256, 512)
#: The paper resizes frames to a random height in this range and takes the largest square (section 3.1).
HEIGHTS = (380, 480)


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

    Raises:
        OptionError: `start` was given, or the size is none that every method can have.
        DatasetError: there are no frames.
    """
    if start is not None:
        raise OptionError(
            f"a bundle holds no weights of {name}", "Leave --init out; only preset edge starts from a bundle."
        )
    if budget.size not in SIZES:
        raise OptionError(
            f"{name}.size={budget.size} is no size of these networks",
            f"Use one of {', '.join(map(str, SIZES))}.",
        )
    runtime = runtime or Runtime()
    with runtime.fabric.rank_zero_first():
        frames = segment_mixture(Mixture(data, EdgeConfig().shares), out.parent / "segmenter")
    low, high = HEIGHTS
    train_method(name, frames, out, budget, (budget.size / high, budget.size / low), runtime)
