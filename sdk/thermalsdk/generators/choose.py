"""Which generator runs a bundle's layers: where a backend may have both, the faster of the two."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.backends import Backend
from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.class_map import ClassMap, ClassMaps
from thermalsdk.contrasts import Contrasts
from thermalsdk.errors import InferenceError, ThermalSDKError
from thermalsdk.generators.at_once import AtOnce
from thermalsdk.generators.base import Generator
from thermalsdk.generators.by_region import ByRegion
from thermalsdk.padding import pad
from thermalsdk.reduction import reduced
from thermalsdk.tolerances import Deviation, Tolerance, contrast_tolerance

_LOG = logging.getLogger("thermalsdk")
_BY_REGION = "region by region"
#: Height and width of the frame that both are measured on: a class map decides what regions cost.
_SIZE = (512, 512)
#: How often they take turns; the first rounds compile, record and warm up, and the fastest counts.
_ROUNDS = 8


def choose_generator(bundle: Bundle, backend: Backend) -> tuple[Generator, str]:
    """The generator of a bundle, and in words how it runs the layers and why.

    A fused graph that cannot be built or run, or that disagrees with the layers, is left out with a log line.

    Raises what `Backend.open` raises for the encoder and the layers.
    """
    by_region = ByRegion.open(bundle, backend, backend.threads)
    fused = bundle.manifest.graphs.fused
    if not backend.fuses:
        return by_region, _BY_REGION
    if fused is None:
        return by_region, f"{_BY_REGION}; the bundle has no fused graph"
    try:
        return _faster(by_region, bundle, backend, fused)
    except ThermalSDKError as error:
        _LOG.warning("layers run %s, without %s: %s", _BY_REGION, fused.file, error.message)
        return by_region, f"{_BY_REGION}; {fused.file} cannot be used: {error.message}"


def _faster(by_region: ByRegion, bundle: Bundle, backend: Backend, fused: GraphSpec) -> tuple[Generator, str]:
    """The faster of the two, and why; the other is closed. Raises ThermalSDKError, and `by_region` stays."""
    at_once = AtOnce(bundle.manifest, backend.open(fused, backend.threads))
    try:
        street = _Street.for_bundle(bundle, backend)
        tolerance = contrast_tolerance(backend.name, backend.precision_of(fused))
        _require_agreement(street.run(by_region), street.run(at_once), street, tolerance)
        region_ms, fused_ms = _fastest((by_region, at_once), street)
    except BaseException:
        at_once.close()
        raise
    found = f"{fused_ms:.2f} ms at once and {region_ms:.2f} ms {_BY_REGION}, for a street of 512x512"
    chosen, other, how = (
        (at_once, by_region, "at once") if fused_ms < region_ms else (by_region, at_once, _BY_REGION)
    )
    other.close()
    _LOG.info("layers run %s: %s", how, found)
    return chosen, f"{how}: {found}"


@dataclass(frozen=True)
class _Street:
    """A made-up frame: float32 planes [1,3,h,w] in [0, 1], its class map, and R in kelvin."""

    planes: npt.NDArray[np.float32]
    class_map: ClassMap
    thermal_labels: npt.NDArray[np.float32]

    @classmethod
    def for_bundle(cls, bundle: Bundle, backend: Backend) -> _Street:
        """Draw it. A bundle of other classes than the scene's gets as many of them as it has."""
        from thermalsdk.scenes import StreetScene

        manifest = bundle.manifest
        scene = StreetScene(0, *_SIZE).render(0.0)
        labels = (scene.labels % len(manifest.classes)).astype(np.uint8)
        class_map = ClassMaps(manifest, backend.region_sides).of(labels, None)
        seen = pad(reduced(scene.rgb, class_map.reduction), manifest.alignment)
        return cls(
            compositing.planes(seen)[np.newaxis],
            class_map,
            np.full(_SIZE, manifest.thermal_normalization.offset_kelvin, np.float32),
        )

    def run(self, generator: Generator) -> Contrasts:
        """Its contrasts, by one of the generators."""
        return generator.contrasts(generator.encode(self.planes), self.class_map, self.thermal_labels)


def _require_agreement(expected: Contrasts, found: Contrasts, street: _Street, tolerance: Tolerance) -> None:
    """Raise InferenceError when the fused graph makes something else of a class than its layer does."""
    labels = street.class_map.labels
    difference = expected.own(labels) - found.own(labels)
    worst = Deviation.worst([Deviation.of(difference[labels == number]) for number in np.unique(labels)])
    if not tolerance.allows(worst):
        raise InferenceError(
            f"it differs from the layers by {worst.mean:.1e} on average and by up to {worst.maximum:.1e}",
            "Report it with the output of `thermalsdk doctor`; the layers are used instead.",
        )


def _fastest(generators: Sequence[Generator], street: _Street) -> list[float]:
    """Milliseconds of a frame by each generator: the best of some rounds in which they take turns."""
    best = [float("inf")] * len(generators)
    for _ in range(_ROUNDS):
        for number, generator in enumerate(generators):
            start = perf_counter()
            street.run(generator)
            best[number] = min(best[number], (perf_counter() - start) * 1e3)
    return best
