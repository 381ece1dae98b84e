"""Sums over processes that train as one: each holds its share of every batch (torch.distributed).

A process alone is a team of one: everything here then returns what it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


def processes() -> int:
    """How many train together."""
    return distributed.get_world_size() if _together() else 1


def rank() -> int:
    """Number of this process among them; 0 writes files."""
    return distributed.get_rank() if _together() else 0


def own_part(whole: int) -> range:
    """Which samples of a batch of `whole` are this process's; the parts are equal and in order of rank."""
    part = whole // processes()
    return range(rank() * part, (rank() + 1) * part)


def total(value: Tensor) -> Tensor:
    """Sum over all processes; a constant, nothing is learned through it."""
    if not _together():
        return value.detach()
    summed = value.detach().to(_device(value), copy=True)
    distributed.all_reduce(summed)
    return summed.to(value.device)


def gathered(value: Tensor) -> Tensor:
    """The processes' [n,...] one after the other, [processes * n,...]."""
    if not _together():
        return value
    value = value.to(_device(value))
    parts = [torch.empty_like(value) for _ in range(processes())]
    distributed.all_gather(parts, value.contiguous())
    return torch.cat(parts)


def draw_uniform(samples: int, channels: int) -> Tensor:
    """Uniform numbers [samples,channels] in [0,1) on the CPU, those that one process would draw for the same.

    The global generator must be in the same state in all processes.
    """
    return torch.rand(samples * processes(), channels)[rank() * samples : (rank() + 1) * samples]


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace gradients by their mean over all processes, in one sum.

    A parameter that no process used keeps none, so that optimisers leave it alone, as in one process.
    """
    if not _together():
        return
    learning = [p for p in parameters if p.requires_grad]
    users = total(torch.tensor([float(p.grad is not None) for p in learning])).tolist()
    shared = [p for p, count in zip(learning, users, strict=True) if count]
    if not shared:
        return
    for p in shared:
        p.grad = torch.zeros_like(p) if p.grad is None else p.grad
    flat = torch.cat([p.grad.flatten() for p in shared])
    distributed.all_reduce(flat)
    for p, mean in zip(shared, (flat / processes()).split([p.numel() for p in shared]), strict=True):
        p.grad.copy_(mean.view_as(p))


@contextmanager
def common_statistics(*modules: nn.Module) -> Iterator[None]:
    """For one step: afterwards, the running statistics of batch normalisation are the same in all processes.

    Each is the mean over the processes that updated it, weighted by how often they did.
    """
    norms = [part for module in modules for part in module.modules() if isinstance(part, _BatchNorm)]
    before = [norm.num_batches_tracked.clone() for norm in norms]
    yield
    if not norms or not _together():
        return
    updates = [norm.num_batches_tracked - count for norm, count in zip(norms, before, strict=True)]
    weighted = [(b, times) for norm, times in zip(norms, updates, strict=True) for b in norm.buffers()]
    own = [torch.cat([b.double().flatten() * times, times.view(1)]) for b, times in weighted]
    for (b, _), part in zip(weighted, total(torch.cat(own)).split([len(x) for x in own]), strict=True):
        sums, times = part[:-1].view_as(b), part[-1]
        b.copy_(torch.where(times > 0, sums / times.clamp(min=1), b))


def _device(value: Tensor) -> torch.device:
    """Where the processes exchange: NCCL knows no other memory than the GPU's."""
    return torch.device("cuda") if distributed.get_backend() == "nccl" else value.device


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
