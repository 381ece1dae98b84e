"""One critic per class, each looking at windows of the composite around its class.

The windows hold the finished frame and not the layer alone, so a seam between layers costs both of them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.composition import blur
from train.losses import gradient_penalty
from train.networks.critic import Critic
from train.parallel import gathered, processes, rank
from train.thermal_batch import ThermalBatch

WINDOW = 64
WINDOWS_PER_CLASS = 3
CLASSES_PER_STEP = 3


class Look(NamedTuple):
    """What one critic looks at in a step.

    name: of the class. corners: (sample, top, left) of this process's windows. numbers: which of the class's
    WINDOWS_PER_CLASS windows in all processes these are.
    """

    name: str
    corners: list[tuple[int, int, int]]
    numbers: list[int]


class Adversary:
    """The critics of all classes.

    Args:
        classes: in painter's order.
        contrast_kelvin: unit of temperature in the windows.
        feather: radius of the soft mask.
        penalty: weight of the gradient penalty.
    """

    def __init__(
        self, classes: tuple[str, ...], contrast_kelvin: float, feather: int, penalty: float
    ) -> None:
        self.critics = nn.ModuleDict({name: Critic() for name in classes}).to(
            memory_format=torch.channels_last
        )
        self.contrast_kelvin, self.feather, self.penalty = contrast_kelvin, feather, penalty

    def look(self, batch: ThermalBatch, rng: torch.Generator) -> list[Look]:
        """Choose classes and windows of this step, over the batches of all processes.

        Args:
            rng: in the same state in all processes.
        """
        names = list(self.critics)
        areas = F.one_hot(batch.labels.flatten(1), len(names)).sum(1)
        whole, first = gathered(areas).cpu(), rank() * len(areas)
        present = torch.nonzero(whole.sum(0)).flatten()
        looks = []
        for k in present[torch.randperm(len(present), generator=rng)[:CLASSES_PER_STEP]].tolist():
            ends = whole[:, k].cumsum(0)
            picks = torch.randint(int(ends[-1]), (WINDOWS_PER_CLASS,), generator=rng)
            samples = torch.searchsorted(ends, picks, right=True) - first
            nths = picks - (ends - whole[:, k])[samples + first]
            own = [w for w, sample in enumerate(samples.tolist()) if 0 <= sample < len(areas)]
            corners = [self._corner(batch, k, int(samples[w]), int(nths[w])) for w in own]
            looks.append(Look(names[k], corners, own))
        return looks

    def critic_loss(
        self, batch: ThermalBatch, fake: Tensor, looks: list[Look], rng: torch.Generator
    ) -> Tensor:
        """Wasserstein loss with gradient penalty, averaged over the classes looked at (paper, eq. 2)."""
        mixes = torch.rand(len(looks), WINDOWS_PER_CLASS, 1, 1, 1, generator=rng).to(fake.device)
        losses = []
        for look, mix in zip(looks, mixes, strict=True):
            if not look.corners:
                continue
            critic = self.critics[look.name]
            real_windows = self._windows(batch, batch.thermal, look)
            fake_windows = self._windows(batch, fake.detach(), look)
            distance = (critic(real_windows) - critic(fake_windows)).sum()
            penalty = gradient_penalty(critic, real_windows, fake_windows, mix[look.numbers])
            losses.append(self.penalty * len(look.corners) * penalty - distance)
        return self._mean(losses, looks, fake)

    def generator_loss(self, batch: ThermalBatch, fake: Tensor, looks: list[Look]) -> Tensor:
        """What the generator pays: minus the critics' mean score of its windows."""
        # The critics learn nothing from it: without their gradients it costs half.
        self.critics.requires_grad_(False)
        seen = [look for look in looks if look.corners]
        scores = [self.critics[look.name](self._windows(batch, fake, look)).sum() for look in seen]
        self.critics.requires_grad_(True)
        return -self._mean(scores, looks, fake)

    def _mean(self, sums: list[Tensor], looks: list[Look], like: Tensor) -> Tensor:
        """Of sums over this process's windows: its part of the mean over all windows of all processes."""
        if not sums:
            return like.new_zeros((), requires_grad=True)
        return torch.stack(sums).sum() * (processes() / (WINDOWS_PER_CLASS * len(looks)))

    def _corner(self, batch: ThermalBatch, k: int, sample: int, nth: int) -> tuple[int, int, int]:
        """Sample, top and left of the window around the nth pixel of class k in a sample."""
        height, width = batch.labels.shape[1:]
        row, column = torch.nonzero(batch.labels[sample] == k)[nth].tolist()
        top = min(max(row - WINDOW // 2, 0), height - WINDOW)
        left = min(max(column - WINDOW // 2, 0), width - WINDOW)
        return sample, top, left

    def _windows(self, batch: ThermalBatch, thermal: Tensor, look: Look) -> Tensor:
        """[len(look.corners),3,S,S]: temperature around the window's mean R, soft mask, luma."""
        k = list(self.critics).index(look.name)
        windows = []
        for sample, top, left in look.corners:
            here = (sample, slice(top, top + WINDOW), slice(left, left + WINDOW))
            level = batch.thermal_labels[here].mean()
            mask = (batch.labels[here] == k).float()
            luma = batch.rgb[sample, :, here[1], here[2]].mean(0)
            soft = blur(mask[None, None], self.feather)[0, 0]
            windows.append(torch.stack(((thermal[here] - level) / self.contrast_kelvin, soft, luma)))
        return torch.stack(windows).contiguous(memory_format=torch.channels_last)
