"""How a run is carried out, apart from what it learns: devices, precision, processes, readers.

Lightning Fabric chooses the device, starts the processes and holds the precision. Gradients are averaged
once, after the backward pass (`train.parallel`), and not by DistributedDataParallel's hooks: these allow
neither the second derivatives of the gradient penalty nor several passes of a critic in one loss
(docs/decisions/0013).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from thermalsdk.errors import OptionError
from train.parallel import average_gradients, processes
from train.read_ahead import Batch, ReadAhead

PRECISIONS = ("auto", "bf16-mixed", "32")
#: Names of bfloat16 products among a processor's capabilities: x86's two, Arm's one.
_BFLOAT16_CAPABILITIES = ("avx512_bf16", "amx_bf16", "bf16")


@dataclass(frozen=True)
class Runtime:
    """What every stage is given.

    Args:
        fabric: launched; default: one process.
        workers: processes that read batches ahead of each training process; 0: it reads itself.
    """

    fabric: Fabric = field(default_factory=lambda: launch())
    workers: int = 0

    def place(self, module: nn.Module) -> nn.Module:
        """Move a module to the device, channels last: convolutions are fastest there."""
        return module.to(self.fabric.device, memory_format=torch.channels_last)

    def read(self, draw: Callable[[int], Batch], steps: int) -> ReadAhead[Batch]:
        """Batches of a run's steps, drawn ahead."""
        return ReadAhead(draw, steps, self.workers)

    def autocast(self) -> AbstractContextManager:
        """In which networks compute; losses stay outside, in float32."""
        return self.fabric.autocast()

    def descend(self, loss: Tensor, optimizer: torch.optim.Optimizer, longest: float | None = None) -> None:
        """One step down the loss's gradient, averaged over the processes.

        Args:
            longest: a longer gradient is shortened to this norm.
        """
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        average_gradients(parameters)
        if longest is not None:
            nn.utils.clip_grad_norm_(parameters, longest)
        optimizer.step()


def launch(devices: int = 1, precision: str = "auto", accelerator: str = "auto") -> Fabric:
    """Start `devices` processes of this program, or join those that torchrun started.

    Args:
        precision: one of PRECISIONS; "auto" is bf16-mixed where `computes_in_bfloat16`, 32 elsewhere.

    Raises:
        OptionError: the machine has fewer devices.
    """
    local = int(os.environ.get("LOCAL_WORLD_SIZE", devices))
    nodes = int(os.environ.get("WORLD_SIZE", local)) // local
    if precision == "auto":
        precision = "bf16-mixed" if computes_in_bfloat16() else "32"
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=local,
            num_nodes=nodes,
            strategy="ddp" if local * nodes > 1 else "auto",
            precision=precision,
        )
    except RuntimeError as error:
        raise OptionError(
            f"{devices} devices cannot be had: {error}", "Ask for fewer with --devices."
        ) from error
    fabric.launch()
    return fabric


def computes_in_bfloat16() -> bool:
    """Whether this machine multiplies bfloat16 in hardware; elsewhere it is slower than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _BFLOAT16_CAPABILITIES)


def default_of(value: object, inherited: bool) -> object:
    """Default of an option: `value`, or nothing where the parser of the command before has it."""
    return argparse.SUPPRESS if inherited else value


def add_runtime_arguments(parser: argparse.ArgumentParser, *, inherited: bool = False) -> None:
    """Declare what `open_runtime` reads.

    inherited: leave what is not given to the parser that this one is a command of.
    """
    default = partial(default_of, inherited=inherited)
    parser.add_argument(
        "--devices",
        type=int,
        default=default(1),
        help="GPUs, or processes on a CPU, that share each batch (1; torchrun: its processes)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=default(PRECISIONS[0]),
        help="in which networks compute, the critics of preset edge too; other critics and all losses are "
        "float32 (default: bf16-mixed where the machine multiplies it in hardware, else 32)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=default(_default_workers()),
        help=f"processes that read ahead for each device; 0: none (default here: {_default_workers()})",
    )


def open_runtime(args: argparse.Namespace) -> Runtime:
    """Launch as parsed arguments say. Raises OptionError: the machine has fewer devices."""
    return Runtime(launch(args.devices, args.precision), args.workers)


def _default_workers() -> int:
    """One reader beside each training process where there is a core for it."""
    return 1 if len(os.sched_getaffinity(0)) > 1 else 0


def require_divisible(batch: int, stage: str) -> None:
    """Raise OptionError unless every process can have the same number of samples."""
    if batch % processes():
        raise OptionError(
            f"{stage}.batch={batch} cannot be shared by {processes()} processes",
            f"Set a multiple of {processes()} with --set {stage}.batch=N, or --batch N for `compare`; it is "
            "the batch of all processes.",
        )
