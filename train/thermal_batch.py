"""Batches with thermal truth: what the generator and the labeller are trained on."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from thermalsdk.compositing import connected_components
from thermalsdk.labels import STREET_CLASSES, VOID
from train.array_file import ArrayFile, is_written, write_arrays
from train.augmentation import jitter_colours, random_window
from train.checkpoint import WEIGHTS, load_module, require_alike
from train.composition import object_means
from train.data import Sample
from train.mixture import (
    OBJECT_CLASSES,
    Mixture,
    Source,
    has_labels,
    random_pixel_of,
    require_labels,
    require_thermal,
)
from train.networks.segmenter import Segmenter
from train.parallel import own_part
from train.segmenter import segment

logger = logging.getLogger(__name__)

BACKGROUND = STREET_CLASSES.index("background")


@dataclass(frozen=True)
class ThermalBatch:
    """Tensors of one step.

    rgb [N,3,H,W] in [0,1]; labels int64 [N,H,W]; objects int64 [N,H,W], ids unique over the batch;
    object_count; thermal float32 [N,H,W] in kelvin; thermal_labels float32 [N,H,W]: the mean of each object
    painted over it (R); absolute bool [N]: false where the source's level means nothing; errors float32
    [object_count]: a standard normal number for each object.
    """

    rgb: Tensor
    labels: Tensor
    objects: Tensor
    object_count: int
    thermal: Tensor
    thermal_labels: Tensor
    absolute: Tensor
    errors: Tensor

    def to(self, device: torch.device) -> ThermalBatch:
        """The batch on a device."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        return ThermalBatch(**{n: v.to(device) if isinstance(v, Tensor) else v for n, v in moved.items()})


@dataclass(frozen=True)
class WindowRules:
    """How windows are drawn: how many in all processes, size after resizing, magnification, class balance."""

    batch: int
    size: tuple[int, int]
    scales: tuple[float, float]
    object_share: float
    segmented_share: float


@dataclass(frozen=True)
class LabelledMixture:
    """A mixture with, for each frame by FOLDER/STEM, the segmenter's label map.

    At run time the maps come from a simulator or from the segmenter: the layers must know both.

    Raises DatasetError when no frame has a map of either kind, or a set has no thermal pictures.
    """

    mixture: Mixture
    segmented: Mapping[str, NDArray[np.uint8]]

    def __post_init__(self) -> None:
        require_thermal(self.mixture.datasets)
        if not self.segmented:
            require_labels(self.mixture.datasets)


def segment_mixture(mixture: Mixture, directory: Path, fabric: Fabric) -> LabelledMixture:
    """Run the segmenter in `directory` over every frame, once for all processes.

    Without a segmenter, frames without labels are left out.

    Raises:
        DatasetError: see `LabelledMixture`.
        CheckpointError: some processes find a segmenter and some do not.
    """
    with fabric.rank_zero_first():
        maps = _segmenters_maps(mixture, directory)
    require_alike(directory, "label maps", len(maps))
    return LabelledMixture(mixture, maps)


def _segmenters_maps(mixture: Mixture, directory: Path) -> Mapping[str, NDArray[np.uint8]]:
    if not (directory / WEIGHTS).exists():
        logger.info("no segmenter in %s: frames without labels are left out", directory)
        return {}
    weights = f"maps-{_digest(str((directory / WEIGHTS).stat().st_mtime_ns))}"
    frames = _digest(*(f"{source.dataset.folder} {source.samples.path}" for source in mixture.sources))
    path = directory / f"{weights}-{frames}.bin"
    if not is_written(path):
        for other in directory.glob("maps-*"):
            if not other.name.startswith(weights):  # other stages keep the maps of their own frames
                other.unlink()
        write_arrays(path, _segmented(mixture, directory))
    return ArrayFile(path)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _segmented(mixture: Mixture, directory: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    network = Segmenter(STREET_CLASSES, pretrained=False).to(memory_format=torch.channels_last)
    load_module(directory, "segmenter_ema", network)
    for source in mixture.sources:
        for sample in tqdm(source.samples, desc=f"segmenting {source.dataset.folder}"):
            yield _key(source, sample), segment(network, sample.rgb)


def _key(source: Source, sample: Sample) -> str:
    """Of a frame's map in `LabelledMixture.segmented`."""
    return f"{source.dataset.folder}/{sample.stem}"


@dataclass(frozen=True)
class _Drawn:
    """One window, and the number of its objects."""

    rgb: NDArray[np.float32]
    labels: NDArray[np.uint8]
    objects: NDArray[np.int64]
    thermal: NDArray[np.float32]
    absolute: bool
    errors: NDArray[np.float32]


def draw_thermal_batch(frames: LabelledMixture, rules: WindowRules, seed: int, index: int) -> ThermalBatch:
    """Own part of the batch of one step; each sample is a function of seed, index and its number.

    Windows are centred on a person or vehicle with probability `object_share`; with probability
    `segmented_share`, and wherever the source has no labels to trust, the label map is the segmenter's.
    """
    drawn = [_draw(frames, rules, np.random.default_rng((seed, index, n))) for n in own_part(rules.batch)]
    firsts = np.cumsum([0, *(len(one.errors) for one in drawn)])
    truth = torch.from_numpy(np.stack([one.thermal for one in drawn]))
    parts = torch.from_numpy(
        np.stack([one.objects + first for one, first in zip(drawn, firsts[:-1], strict=True)])
    )
    count = int(firsts[-1])
    return ThermalBatch(
        rgb=torch.from_numpy(np.stack([one.rgb for one in drawn])).permute(0, 3, 1, 2),
        labels=torch.from_numpy(np.stack([one.labels for one in drawn])).long(),
        objects=parts,
        object_count=count,
        thermal=truth,
        thermal_labels=object_means(truth, parts, count)[parts],
        absolute=torch.tensor([one.absolute for one in drawn]),
        errors=torch.from_numpy(np.concatenate([one.errors for one in drawn])),
    )


def _draw(frames: LabelledMixture, rules: WindowRules, rng: np.random.Generator) -> _Drawn:
    """One window of a frame that has a label map."""
    while True:
        source, sample = frames.mixture.draw(rng)
        segmented = frames.segmented.get(_key(source, sample))
        maps = _choose_maps(rng, segmented, sample, rules.segmented_share)
        if maps is not None:
            break
    classes, finer = maps
    wants_object = rng.random() < rules.object_share
    centre = random_pixel_of(rng, classes, OBJECT_CLASSES) if wants_object else None
    window = random_window(rng, classes.shape, rules.size, rules.scales, centre)
    labels = window.ids(classes)
    # Unsure pixels become background, as in protocol `given`.
    labels = np.where(labels == VOID, np.uint8(BACKGROUND), labels)
    parts, found = connected_components(labels if finer is classes else window.ids(finer))
    return _Drawn(
        rgb=jitter_colours(rng, window.picture(sample.rgb)),
        labels=labels,
        objects=parts.astype(np.int64),
        thermal=window.picture(sample.thermal_kelvin),
        absolute=source.dataset.thermal.level == "absolute",
        errors=rng.standard_normal(found, dtype=np.float32),
    )


def _choose_maps(
    rng: np.random.Generator, segmented: NDArray[np.uint8] | None, sample: Sample, segmented_share: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Class map, and the map whose connected components are the objects (the source's own is finer)."""
    trusted = has_labels(sample)
    if segmented is not None and (not trusted or rng.random() < segmented_share):
        return segmented, segmented
    if not trusted:
        return None
    return sample.labels, sample.labels if sample.source_map is None else sample.source_map
