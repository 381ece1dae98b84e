"""Checkpoints: safetensors and JSON, complete or absent, so that a killed run resumes where it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

WEIGHTS = "checkpoint.safetensors"


@dataclass
class TrainState:
    """All that a run needs to go on: modules and optimisers by name, and the number of steps done."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer] = field(default_factory=dict)
    step: int = 0

    def save(self, directory: Path) -> None:
        """Write the state; a kill at any moment leaves the old file or the new one."""
        tensors = {f"module.{n}.{k}": v for n, m in self.modules.items() for k, v in m.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{name}.{index}.{key}": value for key, value in values.items()}
        partial = directory / (WEIGHTS + ".partial")
        contiguous = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
        save_file(contiguous, partial, metadata={"step": str(self.step)})
        partial.replace(directory / WEIGHTS)

    def restore(self, directory: Path) -> bool:
        """Load the state if there is one; says whether there was."""
        path = directory / WEIGHTS
        if not path.exists():
            return False
        tensors = load_file(path)
        for name, module in self.modules.items():
            module.load_state_dict(_under(tensors, f"module.{name}."))
        for name, optimizer in self.optimizers.items():
            _restore_optimizer(optimizer, _under(tensors, f"optimizer.{name}."))
        self.step = read_step(path)
        return True


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    states: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        states.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": states})


def read_step(path: Path) -> int:
    """Steps done, as written in the checkpoint's header."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["step"])


def load_module(directory: Path, name: str, module: nn.Module) -> nn.Module:
    """Load one module of a checkpoint into `module` and return it in evaluation mode."""
    module.load_state_dict(_under(load_file(directory / WEIGHTS), f"module.{name}."))
    return module.eval()


def write_json(path: Path, content: Any) -> None:
    """Write JSON through a temporary name."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    partial.replace(path)
