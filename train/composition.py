"""The composition of `thermalsdk.compositing`, differentiable: the generator is trained through it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

#: Normalisation of temperatures for every network: (kelvin - OFFSET_KELVIN) / SCALE_KELVIN. A bundle has one.
OFFSET_KELVIN = 283.15
SCALE_KELVIN = 20.0


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
    return _convolve(_grow(planes, feather), feather)


def _grow(x: Tensor, feather: int) -> Tensor:
    """Replicate the borders of [...,H,W]."""
    for dim in (-2, -1):
        size = x.shape[dim]
        x = x.index_select(dim, torch.arange(-feather, size + feather, device=x.device).clamp(0, size - 1))
    return x


def _fold(x: Tensor, feather: int) -> Tensor:
    """Adjoint of `_grow`: what lies outside [...,H,W] is added to the nearest pixel inside. Changes x."""
    for dim in (-2, -1):
        size = x.shape[dim] - 2 * feather
        inside = x.narrow(dim, feather, size)
        inside.select(dim, 0).add_(x.narrow(dim, 0, feather).sum(dim))
        inside.select(dim, size - 1).add_(x.narrow(dim, feather + size, feather).sum(dim))
        x = inside
    return x


def _convolve(planes: Tensor, feather: int, padding: int = 0) -> Tensor:
    """The binomial window on every plane [N,K,H,W], channels last: there oneDNN is five times faster."""
    order = 2 * feather
    row = torch.tensor([math.comb(order, i) / 2**order for i in range(order + 1)])
    window = (row[:, None] * row).to(planes.device, planes.dtype).expand(planes.shape[1], 1, -1, -1)
    planes = planes.contiguous(memory_format=torch.channels_last)
    with torch.autocast(planes.device.type, enabled=False):
        return F.conv2d(planes, window, padding=padding, groups=planes.shape[1])


class Extension(torch.autograd.Function):
    """sum_k weight_k * blur(mask_k * values): values of each class, carried outwards under its feather.

    Written out because autograd keeps and adds up K planes for each step of a sum over k.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, grown_masks: Tensor, weights: Tensor, feather: int) -> Tensor:
        """Values [N,H,W], masks with grown borders, weights [N,K,H,W] -> [N,H,W]."""
        ctx.save_for_backward(grown_masks, weights)
        ctx.feather = feather
        spread = _convolve(grown_masks * _grow(values, feather)[:, None], feather)
        return (weights * spread).sum(1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The adjoint, for values alone."""
        grown_masks, weights = ctx.saved_tensors
        spread = _convolve(weights * gradient[:, None], ctx.feather, padding=2 * ctx.feather)
        return _fold((grown_masks * spread).sum(1), ctx.feather), None, None, None


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


def core_means(values: Tensor, core: Tensor, objects: Tensor, count: int) -> Tensor:
    """Mean of values [N,H,W] over each object's pixels in `core` (bool [N,H,W]) -> [count].

    An object that has none of these is averaged over all its pixels.
    """
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
    classes = torch.arange(contrasts.shape[1], device=labels.device)
    # In channels last, as the convolution has them.
    grown_masks = (_grow(labels, feather)[..., None] == classes).to(contrasts.dtype).permute(0, 3, 1, 2)
    coverage = _convolve(grown_masks, feather).contiguous()
    own_coverage = coverage.gather(1, labels[:, None])[:, 0]
    # The window's weights are binary fractions: their sum is exactly 1 where all pixels are of one class.
    core = own_coverage == 1
    own = contrasts.gather(1, labels[:, None])[:, 0]
    mean = core_means(own, core, objects, object_count)[objects]
    base = thermal_labels - contrast_kelvin * mean
    alpha = painters_weights(coverage)
    # Kelvin near 300 cost float32 its precision in the ratio below: blur what is left without the level.
    level = thermal_labels.mean()
    relative = base - level
    inside = alpha.gather(1, labels[:, None])[:, 0] * relative
    weights = (alpha / coverage.clamp(min=1e-6)).scatter(1, labels[:, None], 0.0)
    weights = weights.contiguous(memory_format=torch.channels_last)
    beyond = Extension.apply(relative, grown_masks, weights, feather)
    return level + inside + beyond + contrast_kelvin * (alpha * contrasts).sum(1)
