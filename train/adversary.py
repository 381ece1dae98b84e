"""One critic per class, each looking at windows of the composite around its class.

The windows hold the finished frame and not the layer alone, so a seam between layers costs both of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.composition import blur
from train.losses import gradient_penalty
from train.networks.critic import Critic
from train.thermal_batch import ThermalBatch

WINDOW = 64
WINDOWS_PER_CLASS = 3
CLASSES_PER_STEP = 3


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
        self.critics = nn.ModuleDict({name: Critic() for name in classes})
        self.contrast_kelvin, self.feather, self.penalty = contrast_kelvin, feather, penalty

    def look(self, batch: ThermalBatch, rng: torch.Generator) -> list[tuple[str, list[tuple[int, int, int]]]]:
        """Choose classes and windows of this step: (class, [(sample, top, left)])."""
        chosen = []
        present = torch.unique(batch.labels)
        names = list(self.critics)
        for k in present[torch.randperm(len(present), generator=rng)[:CLASSES_PER_STEP]].tolist():
            places = torch.nonzero(batch.labels == k)
            picks = places[torch.randint(len(places), (WINDOWS_PER_CLASS,), generator=rng)]
            chosen.append((names[k], [self._corner(batch, *pick) for pick in picks.tolist()]))
        return chosen

    def critic_loss(self, batch: ThermalBatch, fake: Tensor, looks: list, rng: torch.Generator) -> Tensor:
        """Wasserstein loss with gradient penalty, averaged over the classes looked at (paper, eq. 2)."""
        losses = []
        for name, corners in looks:
            critic = self.critics[name]
            real_windows = self._windows(batch, batch.thermal, name, corners)
            fake_windows = self._windows(batch, fake.detach(), name, corners)
            mix = torch.rand(len(corners), 1, 1, 1, generator=rng)
            distance = critic(real_windows).mean() - critic(fake_windows).mean()
            penalty = gradient_penalty(critic, real_windows, fake_windows, mix)
            losses.append(self.penalty * penalty - distance)
        return torch.stack(losses).mean()

    def generator_loss(self, batch: ThermalBatch, fake: Tensor, looks: list) -> Tensor:
        """What the generator pays: minus the critics' mean score of its windows."""
        scores = [self.critics[n](self._windows(batch, fake, n, corners)).mean() for n, corners in looks]
        return -torch.stack(scores).mean()

    def _corner(self, batch: ThermalBatch, sample: int, row: int, column: int) -> tuple[int, int, int]:
        height, width = batch.labels.shape[1:]
        top = min(max(row - WINDOW // 2, 0), height - WINDOW)
        left = min(max(column - WINDOW // 2, 0), width - WINDOW)
        return sample, top, left

    def _windows(
        self, batch: ThermalBatch, thermal: Tensor, name: str, corners: list[tuple[int, int, int]]
    ) -> Tensor:
        """[len(corners),3,S,S]: temperature around the window's mean R, soft mask, luma."""
        k = list(self.critics).index(name)
        windows = []
        for sample, top, left in corners:
            here = (sample, slice(top, top + WINDOW), slice(left, left + WINDOW))
            level = batch.thermal_labels[here].mean()
            mask = (batch.labels[here] == k).float()
            luma = batch.rgb[sample, :, here[1], here[2]].mean(0)
            soft = blur(mask[None, None], self.feather)[0, 0]
            windows.append(torch.stack(((thermal[here] - level) / self.contrast_kelvin, soft, luma)))
        return torch.stack(windows)
