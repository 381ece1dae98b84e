"""The street classes, in painter's order: a class id is its index, a higher id lies in front.

road holds every ground surface (road, sidewalk, terrain), person holds pedestrians and riders, and
background holds what no other class does (poles, signs, fences, bicycles and the rest).
"""

from collections.abc import Container

STREET_CLASSES: tuple[str, ...] = (
    "background",
    "sky",
    "road",
    "building",
    "vegetation",
    "truck",
    "bus",
    "minibus",
    "car",
    "person",
)

#: Id of unsure pixels in training data. A frame given to the synthesizer never holds it.
VOID = 255

#: What stands in for a class that a bundle lacks, tried in order; background stands in for all others.
FALLBACKS: dict[str, tuple[str, ...]] = {
    "minibus": ("car",),
    "bus": ("car",),
    "truck": ("car",),
}


def stand_in(name: str, known: Container[str]) -> str | None:
    """The class itself where it is known, else its first fall-back that is, else background; None without."""
    return next((c for c in (name, *FALLBACKS.get(name, ()), "background") if c in known), None)
