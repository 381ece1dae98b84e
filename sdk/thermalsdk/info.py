"""What a Synthesizer loaded, on what, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from thermalsdk.backends import Backend
from thermalsdk.bundle import Bundle


@dataclass(frozen=True)
class Info:
    """Facts about a loaded synthesizer.

    Args:
        name: the bundle's name.
        bundle: its folder.
        bundle_hash: SHA-256 of its manifest, which holds the hashes of all its files.
        classes: class names in painter's order; class maps hold indices into them.
        kelvin_range: lowest and highest temperature seen in training.
        radiometric: whether the training temperatures were measured; otherwise kelvin is nominal.
        contrast_kelvin: half the temperature range that a layer can add around an object's mean.
        alignment: frame sides are padded to multiples of this, inside.
        processing_resolution: shorter side, in pixels, near which the networks see larger frames.
        predicts_labels: whether RGB alone is enough (the bundle has a segmenter).
        predicts_temperatures: whether temperatures="auto" works (the bundle has a labeller).
        backend: what runs the graphs.
        device: "cpu" or "cuda:N".
        providers: execution providers that were verified to be in use.
        precision: "fp32", "fp16", or "int8": the graphs that have such a twin run in it, the others in fp32
            (on TensorRT in fp16 where the bundle offers that).
        threads: CPU threads.
        reason: why this device was chosen.
        layers: how the layers of a frame are run, "region by region" or "at once", and why.
        training: provenance of the bundle.
    """

    name: str
    bundle: str
    bundle_hash: str
    classes: tuple[str, ...]
    kelvin_range: tuple[float, float]
    radiometric: bool
    contrast_kelvin: float
    alignment: int
    processing_resolution: int
    predicts_labels: bool
    predicts_temperatures: bool
    backend: str
    device: str
    providers: tuple[str, ...]
    precision: str
    threads: int
    reason: str
    layers: str
    training: dict[str, Any]

    @classmethod
    def of(cls, bundle: Bundle, backend: Backend, layers: str) -> Info:
        """Collect the facts; `layers` as `Networks` says it."""
        manifest = bundle.manifest
        return cls(
            name=manifest.name,
            bundle=str(bundle.path),
            bundle_hash=bundle.hash,
            classes=manifest.classes,
            kelvin_range=manifest.kelvin_range,
            radiometric=manifest.radiometric,
            contrast_kelvin=manifest.contrast_kelvin,
            alignment=manifest.alignment,
            processing_resolution=manifest.known_side_pixels,
            predicts_labels=manifest.graphs.segmenter is not None,
            predicts_temperatures=manifest.graphs.labeller is not None,
            backend=backend.name,
            device=backend.device,
            providers=backend.providers,
            precision=backend.precision,
            threads=backend.threads,
            reason=backend.reason,
            layers=layers,
            training=manifest.training,
        )

    def to_dict(self) -> dict[str, Any]:
        """Make JSON data of the facts."""
        return asdict(self)
