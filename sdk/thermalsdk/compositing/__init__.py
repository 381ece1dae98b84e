"""Per-pixel work around the networks, in C++ (`thermalsdk._ops`); `reference` specifies it in NumPy."""

from thermalsdk._ops import (
    agc_linear,
    blur,
    class_fractions,
    composite,
    conditions,
    connected_components,
    interpolate,
    labels_from_logits,
    object_means,
    paint,
    plan_regions,
    planes,
    planes_4,
    raw16,
    take,
)

__all__ = [
    "agc_linear",
    "blur",
    "class_fractions",
    "composite",
    "conditions",
    "connected_components",
    "interpolate",
    "labels_from_logits",
    "object_means",
    "paint",
    "plan_regions",
    "planes",
    "planes_4",
    "raw16",
    "take",
]
