"""Trains one of the compared methods; resumes after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from thermalsdk.errors import OptionError
from train.checkpoint import TrainState
from train.loop import Average, run_steps
from train.methods import METHODS, FrameInputs, Method
from train.parallel import common_statistics
from train.record import write_record
from train.runtime import Runtime, require_divisible
from train.settings import require_natural, require_positive, require_probabilities
from train.thermal_batch import LabelledMixture, ThermalBatch, WindowRules, draw_thermal_batch

#: Sides that every method can have: below 64 the critics' windows do not fit.
SIZES = (64, 128, 256, 512)


@dataclass(frozen=True)
class Budget:
    """What every method gets.

    Args:
        images: seen in training.
        size: side of the square frames.
        batch: images a step.
        cap: most channels of the paper's networks.
        quiet_share: share of the steps before the opponents are heard.
        seed: of weights and batches.
    """

    images: int = 2400
    size: int = 128
    batch: int = 4
    cap: int = 128
    quiet_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive(self, "images", "batch", "cap", "steps")
        require_natural(self, "seed")
        require_probabilities(self, "quiet_share")
        if self.size not in SIZES:
            raise OptionError(
                f"size={self.size} is no size of these networks", f"Use one of {', '.join(map(str, SIZES))}."
            )

    @property
    def steps(self) -> int:
        """Updates of the generator."""
        return self.images // self.batch


def settings_of(name: str, budget: Budget, sets: Sequence[str] = ()) -> dict[str, Any]:
    """What the record of a method's run says, its data apart."""
    return {"method": name, "sets": list(sets), **asdict(budget)}


def build(name: str, budget: Budget) -> Method:
    """The method with the weights that its training starts from."""
    torch.manual_seed(budget.seed)
    return METHODS[name](budget.size, budget.cap)


def train_method(
    name: str,
    frames: LabelledMixture,
    out: Path,
    budget: Budget,
    scales: tuple[float, float] = (1.0, 1.0),
    runtime: Runtime | None = None,
    sets: Sequence[str] = (),
) -> None:
    """Train a method into `out`, or go on where a run stopped.

    Args:
        scales: range of the magnification of the square windows that are drawn; 1 where frames have the size.
        runtime: default: one process. In several, batch normalisation is over each one's samples, and its
            running statistics are means over all.
        sets: names of the compared sets; a run on others is refused.
    """
    runtime = runtime or Runtime()
    require_divisible(budget.batch, name)
    with runtime.fabric.rank_zero_first():
        write_record(out, settings_of(name, budget, sets) | {"data": frames.mixture.provenance()})
    method = build(name, budget)
    runtime.place(method.generator)
    runtime.place(method.opponents)
    average = Average(method.generator, budget.steps / 20)
    rate, opponent_rate = method.rates
    optimizer = torch.optim.Adam(method.generator.parameters(), rate, method.betas, fused=True)
    opponent_optimizer = torch.optim.Adam(
        method.opponents.parameters(), opponent_rate, method.opponent_betas, fused=True
    )
    state = TrainState(
        {"generator": method.generator, "generator_ema": average.average, "opponents": method.opponents},
        {"generator": optimizer, "opponents": opponent_optimizer},
    )
    side = (budget.size, budget.size)
    rules = WindowRules(budget.batch, side, scales=scales, object_share=0.0, segmented_share=0.0)
    batches = runtime.read(lambda index: draw_thermal_batch(frames, rules, budget.seed, index), budget.steps)

    def step(index: int) -> dict[str, float]:
        rng = torch.Generator().manual_seed(budget.seed * 1_000_003 + index)
        batch = batches(index).to(runtime.fabric.device)
        with common_statistics(method.generator, method.opponents):
            scalars = learn(index, batch, rng)
        average.update(index)
        _copy_statistics(method.generator, average.average)
        return scalars | {"data_wait_ms": 1e3 * batches.waited}

    def learn(index: int, batch: ThermalBatch, rng: torch.Generator) -> dict[str, float]:
        adversarial = index >= budget.quiet_share * budget.steps
        # Half the time where the CPU has instructions for it; losses and critics are float32.
        with runtime.autocast():
            made = method.generate(FrameInputs.of(batch))
        scalars = {}
        if adversarial:
            opponent_loss = method.opponent_loss(batch, made, rng)
            runtime.descend(opponent_loss, opponent_optimizer)
            scalars["opponent"] = opponent_loss.item()
        loss, losses = method.generator_loss(batch, made, rng, adversarial)
        runtime.descend(loss, optimizer)
        return scalars | losses

    def sample(index: int) -> torch.Tensor:
        batch = draw_thermal_batch(frames, rules, budget.seed + 1, index).to(runtime.fabric.device)
        with torch.no_grad():
            kelvin = method.kelvin(average.average.eval(), FrameInputs.of(batch))
        return _grid(batch.thermal, kelvin).cpu()

    run_steps(out, state, budget.steps, step, budget.batch, sample)


def _copy_statistics(source: torch.nn.Module, average: torch.nn.Module) -> None:
    """Running means of batch normalisation are averages already."""
    for theirs, ours in zip(source.buffers(), average.buffers(), strict=True):
        ours.copy_(theirs)


def _grid(truth: torch.Tensor, kelvin: torch.Tensor) -> torch.Tensor:
    """Truth above output, on the truth's range -> [3,H,W] in [0,1]."""
    low, high = truth.min(), truth.max()
    rows = [torch.cat(list(picture), 1) for picture in (truth, kelvin)]
    return ((torch.cat(rows, 0) - low) / (high - low)).clamp(0, 1).expand(3, -1, -1)
