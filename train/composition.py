"""The composition of `thermalsdk.compositing`, differentiable: the generator is trained through it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels int64 [N,H,W] -> float32 masks [N,K,H,W]."""
    return F.one_hot(labels, classes).permute(0, 3, 1, 2).float()


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
    masks = one_hot(labels, classes)
    planes = (masks, masks * class_edges(labels), masks * ((thermal_labels - offset) / scale)[:, None])
    return torch.stack([F.avg_pool2d(plane, 4) for plane in planes], 2)


def blur(planes: Tensor, feather: int) -> Tensor:
    """Binomial window of order 2*feather with replicated borders on [N,K,H,W].

    A sum of shifted planes: a convolution with one channel is many times slower on a CPU.
    """
    order = 2 * feather
    weights = [math.comb(order, i) / 2**order for i in range(order + 1)]
    x = F.pad(planes, (feather, feather, feather, feather), mode="replicate")
    width, height = planes.shape[-1], planes.shape[-2]
    x = sum(w * x[..., i : i + width] for i, w in enumerate(weights))
    return sum(w * x[..., i : i + height, :] for i, w in enumerate(weights))


def painters_weights(coverage: Tensor) -> Tensor:
    """Soft masks [N,K,H,W], painter's order along K, last in front -> alpha of the same shape, sum 1."""
    behind = torch.cumprod(1 - coverage.flip(1), 1)
    visible = torch.cat((torch.ones_like(behind[:, :1]), behind[:, :-1]), 1).flip(1)
    alpha = coverage * visible
    return alpha / alpha.sum(1, keepdim=True)


def object_means(values: Tensor, objects: Tensor, count: int) -> Tensor:
    """Mean of values [N,H,W] over each object (ids int64 [N,H,W], unique over the batch) -> [count]."""
    flat = objects.flatten()
    sums = torch.zeros(count, dtype=values.dtype).index_add(0, flat, values.flatten())
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
    has_core = torch.zeros(count, dtype=torch.bool).index_fill(0, objects[core], True)
    counted = (core | ~has_core[objects]).to(values.dtype)
    flat = objects.flatten()
    sums = torch.zeros(count, dtype=values.dtype).index_add(0, flat, (values * counted).flatten())
    pixels = torch.zeros(count, dtype=values.dtype).index_add(0, flat, counted.flatten())
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
    coverage = blur(masks, feather)
    # Kelvin near 300 cost float32 its precision in the ratio below: blur what is left without the level.
    level = thermal_labels.mean()
    extended = blur(masks * (base - level)[:, None], feather) / coverage.clamp(min=1e-6) + level
    extended = torch.where(masks.bool(), base[:, None], extended)
    return (painters_weights(coverage) * (extended + contrast_kelvin * contrasts)).sum(1)
