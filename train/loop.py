"""The loop that every network is trained by: progress, statistics, checkpoints, resume."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from train.checkpoint import TrainState

CHECKPOINT_SECONDS = 60.0
LOG_EVERY = 50


class Average:
    """Exponential moving average of a module's weights (EMA), quick at the start; `average` is the module."""

    def __init__(self, source: nn.Module, halflife_steps: float) -> None:
        self.source, self.halflife = source, halflife_steps
        self.average = copy.deepcopy(source)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the source."""
        halflife = min(self.halflife, 1 + step / 10)
        keep = 0.5 ** (1 / halflife)
        for a, b in zip(self.average.parameters(), self.source.parameters(), strict=True):
            a.lerp_(b, 1 - keep)


def cosine_rate(step: int, total: int, warmup: int = 200) -> float:
    """Learning-rate factor: linear warm-up, then a half cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))


def cosine_schedule(optimizer: torch.optim.Optimizer, total: int) -> Callable[[int], None]:
    """Return what sets every group's learning rate for a step, from the rates that the groups have now."""
    rates = [group["lr"] for group in optimizer.param_groups]

    def set_rates(step: int) -> None:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * cosine_rate(step, total)

    return set_rates


def run_steps(
    directory: Path,
    state: TrainState,
    total: int,
    step: Callable[[int], dict[str, float]],
    images: int,
    sample: Callable[[int], torch.Tensor] | None = None,
    sample_every: int = 500,
) -> None:
    """Run `step` until `total` steps are done, resuming from the directory's checkpoint.

    Args:
        directory: of the run; gets stats.jsonl, TensorBoard events and the checkpoint.
        state: restored first, saved about once a minute and at the end.
        total: number of steps of the whole run.
        step: does one step, given its index, and returns scalars. All randomness must come from the index.
        images: that a step sees, for the throughput in stats.jsonl.
        sample: draws a picture [3,H,W] in [0,1] for TensorBoard every `sample_every` steps.
    """
    directory.mkdir(parents=True, exist_ok=True)
    state.restore(directory)
    writer = SummaryWriter(str(directory / "tensorboard"))
    sums: dict[str, list[float]] = {}
    saved = logged = time.monotonic()
    logged_step = state.step
    with tqdm(total=total, initial=state.step, desc=directory.name, mininterval=5) as bar:
        while state.step < total:
            # Dropout draws from the global generator: a resumed run must draw what an unbroken one does.
            torch.manual_seed(state.step)
            for name, value in step(state.step).items():
                sums.setdefault(name, []).append(value)
            state.step += 1
            bar.update()
            if state.step % LOG_EVERY == 0 or state.step == total:
                means = {name: sum(values) / len(values) for name, values in sums.items()}
                now = time.monotonic()
                means["images_per_second"] = (state.step - logged_step) * images / (now - logged)
                logged, logged_step = now, state.step
                _log(directory, writer, state.step, means)
                bar.set_postfix({k: f"{v:.3g}" for k, v in means.items()})
                sums.clear()
            if sample is not None and (state.step % sample_every == 0 or state.step == total):
                writer.add_image("sample", sample(state.step), state.step)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                state.save(directory)
                saved = time.monotonic()
    state.save(directory)
    writer.close()


def _log(directory: Path, writer: SummaryWriter, step: int, means: dict[str, float]) -> None:
    with (directory / "stats.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, "time": round(time.time(), 1), **means}) + "\n")
    for name, value in means.items():
        writer.add_scalar(name, value, step)
