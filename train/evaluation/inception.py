"""Inception-v3 as FID knows it: the TensorFlow network of 2015 in the parameter names of pytorch-fid.

Szegedy et al. 2016 (arXiv 1512.00567). It differs from the usual ImageNet port in its averages, which leave
padding out, in the maximum in place of the average in its last block, and in its 1008 classes. Its weights
are not part of this project: `--inception-weights` names `pt_inception-2015-12-05-6726825d.pth`.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thermalsdk.errors import ThermalSDKError

#: Output channels, kernel (height, width), stride of a convolution.
Step = tuple[int, tuple[int, int], int]
INPUT_SIZE = 299
CLASSES = 1008
_HINT = "Pass pt_inception-2015-12-05-6726825d.pth of pytorch-fid's release `fid_weights`, or leave it out."


class WeightsError(ThermalSDKError, ValueError):
    """A file of network weights is absent, damaged, or of another network."""


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, source: int, step: Step, same: bool = True) -> None:
        super().__init__()
        channels, kernel, stride = step
        padding = (kernel[0] // 2, kernel[1] // 2) if same and stride == 1 else 0
        self.conv = nn.Conv2d(source, channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C',H',W']."""
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Parallel chains of convolutions and a pooling, joined along the channels.

    Args:
        source: input channels.
        chains: steps of each chain by name. A list in place of the last step forks: its steps run side by
            side on what came before, named a and b.
        pool: "average" without padding in the mean, "maximum", or "halve", a maximum with stride 2.
        pool_channels: of the 1x1 convolution after the pooling; None for none.
    """

    def __init__(
        self,
        source: int,
        chains: Mapping[str, Sequence[Step | list[Step]]],
        pool: str,
        pool_channels: int | None = None,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._chains: list[list[list[str]]] = []
        self.channels = source if pool_channels is None else pool_channels
        for name, steps in chains.items():
            self._add_chain(name, source, steps)
        if pool_channels is not None:
            self.branch_pool = Convolution(source, (pool_channels, (1, 1), 1))

    def _add_chain(self, name: str, source: int, steps: Sequence[Step | list[Step]]) -> None:
        chain = []
        for number, step in enumerate(steps, 1):
            stem = name if len(steps) == 1 else f"{name}_{number}"
            forks = {stem: step} if isinstance(step, tuple) else {stem + "a": step[0], stem + "b": step[1]}
            for title, fork in forks.items():
                self.add_module(title, Convolution(source, fork))
            chain.append(list(forks))
            source = sum(fork[0] for fork in forks.values())
        self._chains.append(chain)
        self.channels += source

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,self.channels,H,W], or half of H and W after "halve"."""
        return torch.cat([*(self._chain(chain, x) for chain in self._chains), self._pooled(x)], 1)

    def _chain(self, chain: list[list[str]], x: Tensor) -> Tensor:
        for names in chain:
            x = torch.cat([getattr(self, name)(x) for name in names], 1)
        return x

    def _pooled(self, x: Tensor) -> Tensor:
        if self._pool == "halve":
            return F.max_pool2d(x, 3, 2)
        if self._pool == "average":
            x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        else:
            x = F.max_pool2d(x, 3, 1, 1)
        return self.branch_pool(x)


class InceptionV3(nn.Module):
    """The network up to its 2048 averaged features; `fc` is built because the file holds it, and never run.

    23 850 960 parameters with `fc`, which tells this network from ports with 1000 classes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, (32, (3, 3), 2))
        self.Conv2d_2a_3x3 = Convolution(32, (32, (3, 3), 1), same=False)
        self.Conv2d_2b_3x3 = Convolution(32, (64, (3, 3), 1))
        self.Conv2d_3b_1x1 = Convolution(64, (80, (1, 1), 1))
        self.Conv2d_4a_3x3 = Convolution(80, (192, (3, 3), 1), same=False)
        channels = 192
        for name, (chains, pool, pool_channels) in _BLOCKS.items():
            block = Mixed(channels, chains, pool, pool_channels)
            self.add_module(name, block)
            channels = block.channels
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, rgb: Tensor) -> Tensor:
        """[N,3,H,W] in 0..1 -> [N,2048]."""
        x = F.interpolate(rgb, (INPUT_SIZE, INPUT_SIZE), mode="bilinear", align_corners=False) * 2 - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name in _BLOCKS:
            x = getattr(self, name)(x)
        return x.mean(dim=(2, 3))


class InceptionFeatures:
    """Inception-v3 with weights from a file, whose SHA-256 is part of the name."""

    dimensions = 2048

    def __init__(self, weights: Path) -> None:
        self._network = load_inception(weights)
        self.name = f"inception-v3 {hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"

    def __call__(self, crops: Tensor) -> Tensor:
        """[N,3,H,W] in 0..1 -> [N,2048]."""
        return self._network(crops)


def load_inception(weights: Path) -> InceptionV3:
    """The network with weights of pytorch-fid's names. Raises WeightsError naming the file and the fix."""
    network = InceptionV3().eval()
    found = _read(weights)
    # Files written before PyTorch 0.4.1 lack the batch counts, which nothing reads here.
    needed = {name: v for name, v in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name, value in needed.items():
        if name not in found:
            raise WeightsError(f"{weights} lacks {name}", _HINT)
        if found[name].shape != value.shape:
            raise WeightsError(
                f"{weights} holds {name} of the shape {tuple(found[name].shape)}, not {tuple(value.shape)}",
                _HINT,
            )
    network.load_state_dict({name: found[name] for name in needed}, strict=False)
    return network


def _read(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise WeightsError(f"{path} cannot be read as weights: {error}", _HINT) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} is no table of tensors by name", _HINT)
    return state


def _step(channels: int, height: int = 1, width: int | None = None, stride: int = 1) -> Step:
    return channels, (height, height if width is None else width), stride


# The 35x35 blocks.
def _a(pool_channels: int) -> tuple[dict[str, list[Step]], str, int]:
    chains = {
        "branch1x1": [_step(64)],
        "branch5x5": [_step(48), _step(64, 5)],
        "branch3x3dbl": [_step(64), _step(96, 3), _step(96, 3)],
    }
    return chains, "average", pool_channels


# The 17x17 blocks, whose 7x7 convolutions are split into columns and rows.
def _c(inner: int) -> tuple[dict[str, list[Step]], str, int]:
    row, column = _step(inner, 1, 7), _step(inner, 7, 1)
    chains = {
        "branch1x1": [_step(192)],
        "branch7x7": [_step(inner), row, _step(192, 7, 1)],
        "branch7x7dbl": [_step(inner), column, row, column, _step(192, 1, 7)],
    }
    return chains, "average", 192


# The 8x8 blocks, whose chains fork at their ends.
def _e(pool: str) -> tuple[dict[str, list[Step | list[Step]]], str, int]:
    fork = [_step(384, 1, 3), _step(384, 3, 1)]
    chains: dict[str, list[Step | list[Step]]] = {
        "branch1x1": [_step(320)],
        "branch3x3": [_step(384), fork],
        "branch3x3dbl": [_step(448), _step(384, 3), fork],
    }
    return chains, pool, 192


_B = {
    "branch3x3": [_step(384, 3, stride=2)],
    "branch3x3dbl": [_step(64), _step(96, 3), _step(96, 3, stride=2)],
}
_D = {
    "branch3x3": [_step(192), _step(320, 3, stride=2)],
    "branch7x7x3": [_step(192), _step(192, 1, 7), _step(192, 7, 1), _step(192, 3, stride=2)],
}
_BLOCKS = {
    "Mixed_5b": _a(32),
    "Mixed_5c": _a(64),
    "Mixed_5d": _a(64),
    "Mixed_6a": (_B, "halve", None),
    "Mixed_6b": _c(128),
    "Mixed_6c": _c(160),
    "Mixed_6d": _c(160),
    "Mixed_6e": _c(192),
    "Mixed_7a": (_D, "halve", None),
    "Mixed_7b": _e("average"),
    "Mixed_7c": _e("maximum"),
}
