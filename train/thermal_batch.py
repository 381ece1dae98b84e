"""Batches with thermal truth: what the generator and the labeller are trained on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from thermalsdk.compositing import connected_components
from thermalsdk.labels import STREET_CLASSES, VOID
from train.augmentation import jitter_colours, random_window
from train.checkpoint import WEIGHTS, load_module
from train.composition import object_means
from train.data import Sample
from train.mixture import OBJECT_CLASSES, Mixture, random_pixel_of
from train.networks.segmenter import Segmenter
from train.segmenter import segment

logger = logging.getLogger(__name__)

BACKGROUND = STREET_CLASSES.index("background")


@dataclass(frozen=True)
class ThermalBatch:
    """Tensors of one step.

    rgb [N,3,H,W] in [0,1]; labels int64 [N,H,W]; objects int64 [N,H,W], ids unique over the batch;
    object_count; thermal float32 [N,H,W] in kelvin; thermal_labels float32 [N,H,W]: the mean of each object
    painted over it (R); absolute bool [N]: false where the source's level means nothing.
    """

    rgb: Tensor
    labels: Tensor
    objects: Tensor
    object_count: int
    thermal: Tensor
    thermal_labels: Tensor
    absolute: Tensor


@dataclass(frozen=True)
class WindowRules:
    """How windows are drawn: batch size, size after resizing, magnification, class balance."""

    batch: int
    size: tuple[int, int]
    scales: tuple[float, float]
    object_share: float
    segmented_share: float


@dataclass(frozen=True)
class LabelledMixture:
    """A mixture with, for each frame by its source and stem, the segmenter's label map.

    At run time the maps come from a simulator or from the segmenter: the layers must know both.
    """

    mixture: Mixture
    segmented: dict[tuple[str, str], NDArray[np.uint8]]


def segment_mixture(mixture: Mixture, directory: Path) -> LabelledMixture:
    """Run the segmenter in `directory` over every frame; without one, frames without labels are left out."""
    if not (directory / WEIGHTS).exists():
        logger.info("no segmenter in %s: frames without labels are left out", directory)
        return LabelledMixture(mixture, {})
    network = Segmenter(STREET_CLASSES, pretrained=False).to(memory_format=torch.channels_last)
    load_module(directory, "segmenter_ema", network)
    frames = [(source.dataset.name, s) for source in mixture.sources for s in source.samples]
    maps = {(name, s.stem): segment(network, s.rgb) for name, s in tqdm(frames, desc="segmenting")}
    return LabelledMixture(mixture, maps)


def draw_thermal_batch(frames: LabelledMixture, rules: WindowRules, seed: int, index: int) -> ThermalBatch:
    """The batch of one step, a function of seed and index.

    Windows are centred on a person or vehicle with probability `object_share`; with probability
    `segmented_share`, and wherever the source has no labels to trust, the label map is the segmenter's.
    """
    rng = np.random.default_rng((seed, index))
    rgb, labels, objects, thermal, absolute = [], [], [], [], []
    count = 0
    while len(rgb) < rules.batch:
        source, sample = frames.mixture.draw(rng)
        maps = _choose_maps(rng, frames, source.dataset.name, sample, rules.segmented_share)
        if maps is None:
            continue
        classes, finer = maps
        wants_object = rng.random() < rules.object_share
        centre = random_pixel_of(rng, classes, OBJECT_CLASSES) if wants_object else None
        window = random_window(rng, classes.shape, rules.size, rules.scales, centre)
        parts, found = connected_components(window.ids(finer))
        rgb.append(jitter_colours(rng, window.picture(sample.rgb)))
        labels.append(window.ids(classes))
        objects.append(parts.astype(np.int64) + count)
        thermal.append(window.picture(sample.thermal_kelvin))
        absolute.append(source.dataset.thermal.level == "absolute")
        count += found
    truth = torch.from_numpy(np.stack(thermal))
    parts = torch.from_numpy(np.stack(objects))
    return ThermalBatch(
        rgb=torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2),
        labels=torch.from_numpy(np.stack(labels)).long(),
        objects=parts,
        object_count=count,
        thermal=truth,
        thermal_labels=object_means(truth, parts, count)[parts],
        absolute=torch.tensor(absolute),
    )


def _choose_maps(
    rng: np.random.Generator, frames: LabelledMixture, name: str, sample: Sample, segmented_share: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Class map, and the map whose connected components are the objects (the source's own is finer)."""
    segmented = frames.segmented.get((name, sample.stem))
    trusted = sample.labels is not None and sample.label_source != "unreliable"
    if segmented is not None and (not trusted or rng.random() < segmented_share):
        return segmented, segmented
    if not trusted:
        return None
    # Unsure pixels become background, as in protocol `given`.
    classes = np.where(sample.labels == VOID, np.uint8(BACKGROUND), sample.labels)
    return classes, classes if sample.source_map is None else sample.source_map
