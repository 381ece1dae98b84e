"""Checkpoints: safetensors and JSON, complete or absent, so that a killed run resumes where it was.

The last few are kept; if the newest is damaged, the one before it takes its place.
"""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from thermalsdk.errors import ThermalSDKError
from thermalsdk.partial import write_whole
from train.parallel import gathered

WEIGHTS = "checkpoint.safetensors"
#: How many checkpoints of a run lie on the disk, the newest included.
KEPT = 3

logger = logging.getLogger(__name__)


class CheckpointError(ThermalSDKError):
    """A run directory cannot be gone on with."""


@dataclass
class TrainState:
    """All that a run needs to go on: modules and optimisers by name, and the number of steps done."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer] = field(default_factory=dict)
    step: int = 0

    def save(self, directory: Path) -> None:
        """Write the state; a kill at any moment leaves a whole checkpoint, the former one or the new one."""
        tensors = {f"module.{n}.{k}": v for n, m in self.modules.items() for k, v in m.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{name}.{index}.{key}": value for key, value in values.items()}
        partial = directory / (WEIGHTS + ".partial")
        contiguous = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
        save_file(contiguous, partial, metadata={"step": str(self.step)})
        for newer, older in reversed(list(itertools.pairwise(checkpoint_files(directory)))):
            if newer.exists():
                newer.replace(older)
        partial.replace(directory / WEIGHTS)

    def restore(self, directory: Path) -> bool:
        """Load the newest state that is whole; says whether there was any.

        Raises:
            CheckpointError: all are damaged, or of other networks.
        """
        if not any(path.exists() for path in checkpoint_files(directory)):
            return False
        path, step = _newest_whole(directory)
        self._load(directory, load_file(path), step)
        return True

    def _load(self, directory: Path, tensors: dict[str, Tensor], step: int) -> None:
        try:
            self._load_tensors(tensors)
        except (RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"{directory} holds a checkpoint of other networks", "Name another folder with --out."
            ) from error
        self.step = step

    def _load_tensors(self, tensors: dict[str, Tensor]) -> None:
        for name, module in self.modules.items():
            module.load_state_dict(_under(tensors, f"module.{name}."))
        for name, optimizer in self.optimizers.items():
            _restore_optimizer(optimizer, _under(tensors, f"optimizer.{name}."))


def require_alike(directory: Path, what: str, number: int) -> None:
    """Compare what the processes found in a run directory: they must train one state, on the same maps.

    Raises:
        CheckpointError: in all processes, where one of them has another number.
    """
    numbers = gathered(torch.tensor([number])).tolist()
    if len(set(numbers)) > 1:
        raise CheckpointError(
            f"{directory} has {' and '.join(map(str, sorted(set(numbers))))} {what} for different processes",
            "Give all machines one --out, on a disk that they share, or copy the folder to each of them.",
        )


def checkpoint_files(directory: Path) -> list[Path]:
    """Where the checkpoints of a run lie, newest first."""
    former = [directory / f"checkpoint-{age}.safetensors" for age in range(1, KEPT)]
    return [directory / WEIGHTS, *former]


def _step_if_whole(path: Path) -> int | None:
    """The header tells how long the file has to be."""
    try:
        return read_step(path)
    except SafetensorError as error:
        logger.warning("%s is damaged (%s): the one before takes its place", path, error)
        return None


def _newest_whole(directory: Path) -> tuple[Path, int]:
    """The newest checkpoint that is whole, and its steps. Raises CheckpointError without one."""
    for path in filter(Path.exists, checkpoint_files(directory)):
        step = _step_if_whole(path)
        if step is not None:
            return path, step
    raise CheckpointError(
        f"{directory} holds no checkpoint that is whole", "Train it again, into another folder with --out."
    )


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    states: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        states.setdefault(int(index), {})[name] = _laid_out_like(parameters[int(index)], value)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": states})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A moment in its parameter's memory format: fused optimisers do not look at strides."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def steps_done(directory: Path) -> int:
    """Steps of the newest checkpoint that is whole. Raises CheckpointError without one."""
    return _newest_whole(directory)[1]


def read_step(path: Path) -> int:
    """Steps done, as written in the checkpoint's header."""
    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["step"])


def load_module(directory: Path, name: str, module: nn.Module) -> nn.Module:
    """Load one module of the newest whole checkpoint into `module` and return it in evaluation mode.

    Raises CheckpointError without one.
    """
    path, _ = _newest_whole(directory)
    module.load_state_dict(_under(load_file(path), f"module.{name}."))
    return module.eval()


def write_json(path: Path, content: Any) -> None:
    """Write JSON; the file is complete or absent."""
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    write_whole(path, lambda partial: partial.write_text(text))


def read_kept(path: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """What `write_json` kept in `path` for the same values of `key`; None where nothing is."""
    if not path.exists():
        return None
    known: dict[str, Any] = json.loads(path.read_text())
    wanted = json.loads(json.dumps(key))
    return known if {name: known.get(name) for name in wanted} == wanted else None
