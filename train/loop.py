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

from thermalsdk.partial import write_whole
from train import parallel
from train.checkpoint import TrainState, require_alike

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
        averages, sources = list(self.average.parameters()), list(self.source.parameters())
        torch._foreach_lerp_(averages, sources, 1 - keep)


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

    Of several processes the first one writes; what is logged is their mean.

    Args:
        directory: of the run; gets stats.jsonl, TensorBoard events and the checkpoint.
        state: restored first, saved about once a minute and at the end.
        total: number of steps of the whole run.
        step: does one step, given its index, and returns scalars. All randomness must come from the index.
        images: that a step sees, in all processes, for the throughput in stats.jsonl.
        sample: draws a picture [3,H,W] in [0,1] for TensorBoard every `sample_every` steps.

    Raises:
        CheckpointError: all checkpoints are damaged or of other networks, or processes found different ones.
    """
    directory.mkdir(parents=True, exist_ok=True)
    state.restore(directory)
    require_alike(directory, "steps done", state.step)
    log = Log(directory, images, state.step) if parallel.rank() == 0 else None
    sums: dict[str, list[float]] = {}
    saved = time.monotonic()
    begun = state.step
    with tqdm(
        total=total, initial=state.step, desc=directory.name, mininterval=5, disable=log is None
    ) as bar:
        while state.step < total:
            # Dropout draws from the global generator: a resumed run must draw what an unbroken one does.
            torch.manual_seed(state.step)
            for name, value in step(state.step).items():
                sums.setdefault(name, []).append(value)
            state.step += 1
            bar.update()
            if state.step % LOG_EVERY == 0 or state.step == total:
                means = _means(sums)
                sums.clear()
                if log is not None:
                    bar.set_postfix({k: f"{v:.3g}" for k, v in log.write(state.step, means).items()})
            if log is None:
                continue
            if sample is not None and (state.step % sample_every == 0 or state.step == total):
                log.events.add_image("sample", sample(state.step), state.step)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                state.save(directory)
                saved = time.monotonic()
    if log is not None:
        if state.step > begun:
            state.save(directory)
        log.events.close()


def _means(sums: dict[str, list[float]]) -> dict[str, float]:
    """Mean of each name's values over steps and processes, which have the same names."""
    means = torch.tensor([sum(values) / len(values) for values in sums.values()], dtype=torch.float64)
    return dict(zip(sums, (parallel.total(means) / parallel.processes()).tolist(), strict=True))


class Log:
    """stats.jsonl and TensorBoard's events of a run.

    Args:
        directory: of the run.
        images: that a step sees.
        step: that the run goes on from; lines of later steps, which a kill took back, are dropped.
    """

    def __init__(self, directory: Path, images: int, step: int) -> None:
        self._path = directory / "stats.jsonl"
        if self._path.exists():
            _drop_lines_after(self._path, step)
        self._images = images
        self._step, self._time = step, time.monotonic()
        self.events = SummaryWriter(str(directory / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, means: dict[str, float]) -> dict[str, float]:
        """Append a line, and return it with the images per second since the last one."""
        now = time.monotonic()
        rate = (step - self._step) * self._images / (now - self._time)
        self._step, self._time = step, now
        scalars = means | {"images_per_second": rate}
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, "time": round(time.time(), 1), **scalars}) + "\n")
        for name, value in scalars.items():
            self.events.add_scalar(name, value, step)
        return scalars


def _drop_lines_after(path: Path, step: int) -> None:
    kept = [line for line in path.read_text().splitlines(keepends=True) if _step_of(line) <= step]
    write_whole(path, lambda partial: partial.write_text("".join(kept)))


def _step_of(line: str) -> float:
    """Step of a line; a line that a kill cut short belongs to none."""
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:
        return math.inf
