"""Losses of the generator and its critics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.parallel import processes, total


def class_balanced(cost: Tensor, masks: Tensor) -> Tensor:
    """Mean cost, half over pixels, half over the classes present, so that small ones count.

    Areas are those of the whole batch: averaged over processes, cost and gradient are those of one process.

    Args:
        cost: [N,H,W], e.g. the absolute error in units of the contrast range (paper, equation 1).
        masks: [N,K,H,W]; pixels of no class count in the first half only.
    """
    areas = total(masks.sum((0, 2, 3))) / processes()
    by_class = torch.einsum("nhw,nkhw->k", cost, masks)[areas > 0] / areas[areas > 0]
    return 0.5 * cost.mean() + 0.5 * by_class.mean()


def gradient_l1(output: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of the horizontal and vertical differences of [N,H,W]: sharp edges."""
    error = output - truth
    return (error[:, :, 1:] - error[:, :, :-1]).abs().mean() + (error[:, 1:] - error[:, :-1]).abs().mean()


def correlation_loss(output: Tensor, truth: Tensor) -> Tensor:
    """1 - Pearson's r within each frame [N,H,W], averaged: what an affine gain cannot improve."""
    a = output.flatten(1) - output.flatten(1).mean(1, keepdim=True)
    b = truth.flatten(1) - truth.flatten(1).mean(1, keepdim=True)
    r = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp(min=1e-3)
    return (1 - r).mean()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """WGAN-GP: (|grad D| - 1)^2 at random points between real and fake (Gulrajani et al. 2017, eq. 3).

    Args:
        real, fake: [N,C,S,S]. mix: [N,1,1,1] in [0,1].
    """
    between = (real + mix * (fake - real)).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
