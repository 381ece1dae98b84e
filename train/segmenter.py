"""`python -m train segmenter`: class maps from RGB."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from thermalsdk.bundle import Bundle
from thermalsdk.labels import STREET_CLASSES, VOID
from train.augmentation import jitter_colours, random_window
from train.box_labels import correct_by_boxes
from train.checkpoint import TrainState
from train.clouds import repaint_sky
from train.cutouts import Cutouts, open_cutouts
from train.initial_weights import load_graph_weights
from train.loop import Average, cosine_schedule, run_steps
from train.mixture import OBJECT_CLASSES, Mixture, has_labels, open_sets, random_pixel_of, require_labels
from train.networks.backbone import STRIDE, padded_to_stride
from train.networks.segmenter import Segmenter
from train.nightfall import darken_to_night
from train.parallel import own_part, processes, total
from train.record import record_run, require_same_run
from train.runtime import Runtime, require_divisible
from train.settings import require_stage_settings

logger = logging.getLogger(__name__)

SKY, PERSON = STREET_CLASSES.index("sky"), STREET_CLASSES.index("person")
RARE = ("person", "bus", "truck", "minibus", "background")


@dataclass(frozen=True)
class SegmenterConfig:
    """The whole configuration of a segmenter run."""

    steps: int = 9000
    batch: int = 8
    size: tuple[int, int] = (288, 352)
    scales: tuple[float, float] = (0.6, 1.7)
    learning_rate: float = 1e-3
    frozen_blocks: int = 3
    weight_decay: float = 1e-4
    object_share: float = 0.5
    rare_weight: float = 2.5
    night_person_weight: float = 3.0
    colour_strength: float = 1.1
    sky_share: float = 0.4
    darkened_share: float = 0.3
    pasted_share: float = 0.6
    ema_halflife: float = 150
    shares: dict[str, float] = field(
        default_factory=lambda: {"camvid": 0.36, "msrs": 0.28, "roadscene": 0.2, "scenes": 0.16}
    )
    seed: int = 0

    def __post_init__(self) -> None:
        require_stage_settings(self, STRIDE, STRIDE)


def check_segmenter(data: Path, out: Path, config: SegmenterConfig, start: Bundle | None = None) -> None:
    """Find what `train_segmenter` could not do with the same arguments, before anything is trained.

    Raises:
        OptionError: the processes cannot share the batch.
        DatasetError: there are no frames with labels to trust.
        CheckpointError: the run in `out` was begun with other settings.
        BundleError: `start` has no segmenter of this form.
    """
    require_divisible(config.batch, "segmenter")
    require_labels(open_sets(data, config.shares).values())
    require_same_run(out, config, start)
    if start is not None:
        _load_weights(start, Segmenter(STREET_CLASSES, pretrained=False))


def train_segmenter(
    data: Path,
    out: Path,
    config: SegmenterConfig,
    start: Bundle | None = None,
    runtime: Runtime | None = None,
) -> None:
    """Train on the labels of the prepared datasets in `data`; resumes what lies in `out`.

    Args:
        start: bundle whose segmenter a new run starts from; default: ImageNet's backbone.
        runtime: default: one process.

    Raises what `check_segmenter` raises.
    """
    runtime = runtime or Runtime()
    check_segmenter(data, out, config, start)
    with runtime.fabric.rank_zero_first():
        mixture = Mixture(data, config.shares, "--set segmenter.shares=JSON", refine=correct_by_boxes)
        cutouts = open_cutouts(data) if config.pasted_share > 0 else None
        also = [] if cutouts is None else [cutouts.provenance(config.pasted_share)]
        if cutouts is not None:
            logger.info("pastes %d objects of flir_crops into night frames", len(cutouts))
        record_run(out, config, mixture, start, also)
    torch.manual_seed(config.seed)
    network = runtime.place(Segmenter(STREET_CLASSES))
    if start is not None:
        _load_weights(start, network)
    ema = Average(network, config.ema_halflife)
    network.backbone.freeze(config.frozen_blocks)
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    state = TrainState({"segmenter": network, "segmenter_ema": ema.average}, {"segmenter": optimizer})
    set_rates = cosine_schedule(optimizer, config.steps)
    batches = runtime.read(lambda index: draw_batch(mixture, cutouts, config, index), config.steps)

    def step(index: int) -> dict[str, float]:
        set_rates(index)
        rgb, labels, night = (tensor.to(runtime.fabric.device) for tensor in batches(index))
        with runtime.autocast():
            logits = network(rgb)
        logits = F.interpolate(logits.float(), scale_factor=4.0, mode="bilinear", align_corners=False)
        weights = pixel_weights(labels, night, config)
        loss = (weights * F.cross_entropy(logits, labels, ignore_index=VOID, reduction="none")).sum()
        loss = loss * processes() / total(weights.sum())
        runtime.descend(loss, optimizer)
        ema.update(index)
        right, sure = logits.argmax(1) == labels, labels != VOID
        accuracy = total((right & sure).sum()) / total(sure.sum())
        return {
            "loss": loss.item(),
            "accuracy": accuracy.item(),
            "data_wait_ms": 1e3 * batches.waited,
        }

    run_steps(out, state, config.steps, step, config.batch)


def _load_weights(bundle: Bundle, network: Segmenter) -> None:
    load_graph_weights(bundle, bundle.manifest.graphs.segmenter, network)


def pixel_weights(labels: Tensor, night: Tensor, config: SegmenterConfig) -> Tensor:
    """Weight of each pixel in the loss: more for rare classes, most for people in the dark, none if unsure.

    Args:
        labels: int64 [N,H,W]. night: bool [N].
    """
    by_class = [config.rare_weight if name in RARE else 1.0 for name in STREET_CLASSES]
    by_class = torch.tensor(by_class, device=labels.device)
    weights = by_class[labels.clamp(max=len(by_class) - 1)] * (labels != VOID)
    return torch.where(night[:, None, None] & (labels == PERSON), config.night_person_weight, weights)


@torch.no_grad()
def segment(network: Segmenter, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Label map uint8 HxW of a frame of any size, as the SDK computes it."""
    height, width = rgb.shape[:2]
    x = torch.tensor(rgb).permute(2, 0, 1)[None].float() / 255
    x = padded_to_stride(x)
    logits = network(x.contiguous(memory_format=torch.channels_last))
    logits = F.interpolate(logits, scale_factor=4.0, mode="bilinear", align_corners=False)
    return logits[0, :, :height, :width].argmax(0).to(torch.uint8).numpy()


def draw_batch(
    mixture: Mixture, cutouts: Cutouts | None, config: SegmenterConfig, index: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Own part of the batch of one step; each sample is a function of seed, index and its number.

    Returns:
        rgb [N,3,H,W] in [0,1], labels int64 [N,H,W], night bool [N].
    """
    numbers = own_part(config.batch)
    drawn = [_draw(mixture, cutouts, config, np.random.default_rng((config.seed, index, n))) for n in numbers]
    pictures, maps, nights = zip(*drawn, strict=True)
    rgb = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return rgb, torch.from_numpy(np.stack(maps)).long(), torch.tensor(nights)


def _draw(
    mixture: Mixture, cutouts: Cutouts | None, config: SegmenterConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8], bool]:
    """A window of a frame with labels, its labels, and whether it is night."""
    while True:
        _, sample = mixture.draw(rng)
        if has_labels(sample):
            break
    picture, labels = sample.rgb, sample.labels
    if cutouts is not None and sample.night and rng.random() < config.pasted_share:
        picture, labels = cutouts.paste(rng, picture, labels)
    wants_object = rng.random() < config.object_share
    centre = random_pixel_of(rng, labels, OBJECT_CLASSES) if wants_object else None
    window = random_window(rng, labels.shape, config.size, config.scales, centre)
    picture, labels = window.picture(picture), window.ids(labels)
    if not sample.night and rng.random() < config.sky_share:
        picture = repaint_sky(rng, picture, labels == SKY)
    if not sample.night and rng.random() < config.darkened_share:
        picture = darken_to_night(rng, picture)
    return jitter_colours(rng, picture, config.colour_strength), labels, sample.night
