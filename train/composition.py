"""The composition of `thermalsdk.compositing`, differentiable: the generator is trained through it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels int64 [N,H,W] -> float32 masks [N,K,H,W]."""
    return (labels[:, None] == torch.arange(classes, device=labels.device)[:, None, None]).float()


def class_edges(labels: Tensor) -> Tensor:
    """float32 [N,1,H,W]: 1 at pixels with a 4-neighbour of another label (the paper's white edge)."""
    edges = torch.zeros_like(labels, dtype=torch.bool)
    across = labels[:, :, 1:] != labels[:, :, :-1]
    down = labels[:, 1:] != labels[:, :-1]
    edges[:, :, 1:] |= across
    edges[:, :, :-1] |= across
    edges[:, 1:] |= down
    edges[:, :-1] |= down
    return edges[:, None].float()


def conditions(labels: Tensor, thermal_labels: Tensor, classes: int, offset: float, scale: float) -> Tensor:
    """What each layer is told: mask, edge and R_k as means over 4x4 cells.

    Args:
        labels: int64 [N,H,W].
        thermal_labels: R, float32 [N,H,W] in kelvin.
        classes: K.
        offset, scale: normalisation of R in kelvin.

    Returns:
        [N,K,3,H/4,W/4].
    """
    n, height, width = labels.shape
    rows, columns = (torch.arange(size, device=labels.device) // 4 for size in (height, width))
    cells = rows[:, None] * (width // 4) + columns
    # Each pixel counts in its own class alone, so it is added there: no plane of a whole frame per class.
    places = (torch.arange(n, device=labels.device)[:, None, None] * classes + labels) * 3
    places = (places * (height // 4) * (width // 4) + cells).flatten()
    edges = class_edges(labels)[:, 0]
    told = (thermal_labels - offset) / scale
    sums = torch.zeros(n * classes * 3 * (height // 4) * (width // 4), device=labels.device)
    for plane, values in enumerate((torch.ones_like(edges), edges, told)):
        sums.index_add_(0, places + plane * (height // 4) * (width // 4), values.flatten())
    return sums.view(n, classes, 3, height // 4, width // 4) / 16


def blur(planes: Tensor, feather: int) -> Tensor:
    """Binomial window of order 2*feather with replicated borders on [N,K,H,W]."""
    padded = F.pad(planes, (feather, feather, feather, feather), mode="replicate")
    return _convolve(padded, feather, padding=0)


def _convolve(planes: Tensor, feather: int, padding: int) -> Tensor:
    """The binomial window on every plane [N,K,H,W], channels last: there oneDNN is five times faster."""
    order = 2 * feather
    row = torch.tensor([math.comb(order, i) / 2**order for i in range(order + 1)], device=planes.device)
    window = (row[:, None] * row).expand(planes.shape[1], 1, -1, -1)
    channels_last = planes.contiguous(memory_format=torch.channels_last)
    with torch.autocast(planes.device.type, enabled=False):
        return F.conv2d(channels_last, window.to(planes.dtype), padding=padding, groups=planes.shape[1])


class Extension(torch.autograd.Function):
    """sum_k weight_k * blur(mask_k * values): values of each class, carried outwards under its feather.

    Written out because autograd keeps and adds up K planes for each step of a sum over k.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, masks: Tensor, weights: Tensor, feather: int) -> Tensor:
        """Values [N,H,W], masks and weights [N,K,H,W] -> [N,H,W]."""
        masks, weights = (x.contiguous(memory_format=torch.channels_last) for x in (masks, weights))
        ctx.save_for_backward(masks, weights)
        ctx.feather = feather
        return (weights * blur(masks * values[:, None], feather)).sum(1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The adjoint, for values alone."""
        masks, weights = ctx.saved_tensors
        spread = _convolve(weights * gradient[:, None], ctx.feather, padding=2 * ctx.feather)
        return (masks * _fold(spread, ctx.feather)).sum(1), None, None, None


def _fold(padded: Tensor, feather: int) -> Tensor:
    """Adjoint of replicated borders: what lies outside is added to the nearest pixel inside."""
    for dim in (2, 3):
        size = padded.shape[dim] - 2 * feather
        inside = padded.narrow(dim, feather, size)
        inside.select(dim, 0).add_(padded.narrow(dim, 0, feather).sum(dim))
        inside.select(dim, size - 1).add_(padded.narrow(dim, feather + size, feather).sum(dim))
        padded = inside
    return padded


def painters_weights(coverage: Tensor) -> Tensor:
    """Soft masks [N,K,H,W], painter's order along K, last in front -> alpha of the same shape, sum 1."""
    alpha = torch.empty_like(coverage)
    free = torch.ones_like(coverage[:, 0])
    for k in reversed(range(coverage.shape[1])):
        torch.mul(coverage[:, k], free, out=alpha[:, k])
        free = free - alpha[:, k]
    return alpha.div_((1 - free)[:, None])


def object_means(values: Tensor, objects: Tensor, count: int) -> Tensor:
    """Mean of values [N,H,W] over each object (ids int64 [N,H,W], unique over the batch) -> [count]."""
    flat = objects.flatten()
    sums = values.new_zeros(count).index_add(0, flat, values.flatten())
    areas = torch.bincount(flat, minlength=count).clamp(min=1)
    return sums / areas


def core_means(values: Tensor, labels: Tensor, objects: Tensor, count: int, feather: int) -> Tensor:
    """Mean of values [N,H,W] over each object's pixels whose window holds one class -> [count].

    An object that has none of these is averaged over all its pixels.
    """
    window = 2 * feather + 1
    padded = F.pad(labels[:, None].float(), (feather,) * 4, mode="replicate")
    highest, lowest = F.max_pool2d(padded, window, 1), -F.max_pool2d(-padded, window, 1)
    core = (highest == lowest)[:, 0]
    has_core = torch.zeros(count, dtype=torch.bool, device=values.device).index_fill(0, objects[core], True)
    counted = (core | ~has_core[objects]).to(values.dtype)
    flat = objects.flatten()
    sums = values.new_zeros(count).index_add(0, flat, (values * counted).flatten())
    pixels = values.new_zeros(count).index_add(0, flat, counted.flatten())
    return sums / pixels.clamp(min=1)


def compose(
    contrasts: Tensor,
    labels: Tensor,
    objects: Tensor,
    object_count: int,
    thermal_labels: Tensor,
    contrast_kelvin: float,
    feather: int,
) -> Tensor:
    """Absolute temperature from the layers' contrasts.

    T(x) = sum_k alpha_k(x) (R_k(x) + c (delta_k(x) - mean of delta_k over the object's core)).

    Args:
        contrasts: [N,K,H,W] in [-1,1].
        labels: int64 [N,H,W]; objects: int64 [N,H,W], ids unique over the batch, `object_count` in all.
        thermal_labels: R [N,H,W] in kelvin.
        contrast_kelvin: c. feather: window radius in pixels.

    Returns:
        float32 [N,H,W] in kelvin.
    """
    own = contrasts.gather(1, labels[:, None])[:, 0]
    mean = core_means(own, labels, objects, object_count, feather)[objects]
    base = thermal_labels - contrast_kelvin * mean
    masks = one_hot(labels, contrasts.shape[1])
    coverage = blur(masks, feather).contiguous()
    alpha = painters_weights(coverage)
    # Kelvin near 300 cost float32 its precision in the ratio below: blur what is left without the level.
    level = thermal_labels.mean()
    relative = base - level
    inside = alpha.gather(1, labels[:, None])[:, 0] * relative
    beyond = Extension.apply(relative, masks, alpha * (1 - masks) / coverage.clamp(min=1e-6), feather)
    return level + inside + beyond + contrast_kelvin * (alpha * contrasts).sum(1)
