"""Sizes that an engine is made for: one optimisation profile per region side, and one for whole frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from thermalsdk.bundle import GraphSpec

#: Sides of the regions that layers run on, so that few shapes occur.
REGION_SIDES: tuple[int, ...] = (64, 128, 192, 256, 384, 512)
_SMALLEST = (64, 64)
#: What the frame's profile is tuned for, and the largest that it takes: 1080p, padded.
_USUAL_FRAME, LARGEST_FRAME = (512, 512), (1088, 1920)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Profile:
    """Smallest, best and largest shape of every input, by name."""

    smallest: Mapping[str, Shape]
    best: Mapping[str, Shape]
    largest: Mapping[str, Shape]

    def holds(self, shapes: Mapping[str, Shape]) -> bool:
        """Whether inputs of these shapes can be run in it."""
        return all(
            len(shape) == len(self.smallest[name])
            and all(
                low <= side <= high
                for low, side, high in zip(self.smallest[name], shape, self.largest[name], strict=True)
            )
            for name, shape in shapes.items()
        )


def profiles_of(graph: GraphSpec, regions: bool) -> tuple[Profile, ...]:
    """Profiles of a graph, smaller ones first.

    Args:
        graph: names and shapes of its inputs.
        regions: whether it runs on regions, as layers do, and not only on whole frames.
    """
    squares = [_profile(graph, (side, side), (side, side)) for side in REGION_SIDES] if regions else []
    return (*squares, _profile(graph, _USUAL_FRAME, LARGEST_FRAME))


def _profile(graph: GraphSpec, best: tuple[int, int], largest: tuple[int, int]) -> Profile:
    def shapes(size: tuple[int, int]) -> dict[str, Shape]:
        return {tensor.name: tensor.shape_for(*size) for tensor in graph.inputs}

    return Profile(shapes(_SMALLEST), shapes(best), shapes(largest))


def profile_for(profiles: Sequence[Profile], shapes: Mapping[str, Shape]) -> int | None:
    """Number of the first profile that holds inputs of these shapes, or None."""
    return next((number for number, profile in enumerate(profiles) if profile.holds(shapes)), None)
