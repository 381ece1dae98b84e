"""The small network: person and vehicle in one grey channel, on EfficientNet-Lite0's ImageNet features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from thermalsdk.labels import VOID
from train.augmentation import random_window
from train.checkpoint import TrainState
from train.downstream.corpora import TARGETS, Example
from train.downstream.scoring import CELL, Predict
from train.loop import cosine_schedule, run_steps
from train.mixture import random_pixel_of
from train.networks.backbone import padded_to_stride
from train.networks.segmenter import Segmenter
from train.record import write_record
from train.runtime import Runtime

_OBJECTS = np.arange(1, len(TARGETS))


@dataclass(frozen=True)
class DetectorConfig:
    """What every corpus gets."""

    steps: int = 500
    batch: int = 8
    size: tuple[int, int] = (192, 256)
    scales: tuple[float, float] = (0.4, 1.1)
    object_share: float = 0.6
    object_weight: float = 3.0
    learning_rate: float = 1e-3
    frozen_blocks: int = 3
    weight_decay: float = 1e-3


#: Corpora that are drawn from equally often.
Corpora = Sequence[Sequence[Example]]


def train_detector(
    halves: tuple[Corpora, Corpora],
    out: Path,
    config: DetectorConfig,
    seed: int,
    made_of: Mapping[str, Any] | None = None,
    runtime: Runtime | None = None,
) -> Segmenter:
    """Train on some corpora in the first half of the steps and on some in the second, or go on in `out`.

    Args:
        made_of: what the corpora came from; a run of other ones is refused.
        runtime: of one process; default: on the machine's GPU, or its CPU.
    """
    runtime = runtime or Runtime()
    write_record(out, {"seed": seed, "made_of": made_of, **asdict(config)})
    torch.manual_seed(seed)
    network = Segmenter(TARGETS)
    runtime.place(network)
    network.backbone.freeze(config.frozen_blocks)
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    set_rates = cosine_schedule(optimizer, config.steps)
    device = runtime.fabric.device
    by_target = torch.tensor([1.0] + [config.object_weight] * (len(TARGETS) - 1), device=device)

    def step(index: int) -> dict[str, float]:
        set_rates(index)
        corpora = halves[2 * index >= config.steps]
        pictures, targets = draw_batch(corpora, config, seed, index)
        with runtime.autocast():
            logits = network(pictures.to(device))
        logits = F.interpolate(logits.float(), scale_factor=float(CELL), mode="bilinear", align_corners=False)
        loss = F.cross_entropy(logits, targets.to(device), by_target, ignore_index=VOID)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return {"loss": loss.item()}

    state = TrainState({"detector": network}, {"detector": optimizer})
    run_steps(out, state, config.steps, step, config.batch)
    return network.eval().cpu()


def draw_batch(corpora: Corpora, config: DetectorConfig, seed: int, index: int) -> tuple[Tensor, Tensor]:
    """Batch of one step, a function of seed and index: [N,3,H,W] in [0,1] and int64 [N,H,W]."""
    rng = np.random.default_rng((seed, index))
    pictures, targets = [], []
    for _ in range(config.batch):
        corpus = corpora[rng.integers(len(corpora))]
        example = corpus[rng.integers(len(corpus))]
        wants_object = rng.random() < config.object_share
        centre = random_pixel_of(rng, example.target, _OBJECTS) if wants_object else None
        window = random_window(rng, example.target.shape, config.size, config.scales, centre)
        pictures.append(jitter_gain(rng, window.picture(example.picture)))
        targets.append(window.ids(example.target))
    planes = torch.from_numpy(np.stack(pictures))[:, None].expand(-1, 3, -1, -1)
    return (
        planes.contiguous(memory_format=torch.channels_last),
        torch.from_numpy(np.stack(targets)).long(),
    )


def jitter_gain(rng: np.random.Generator, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Random gamma, gain, level and noise, as another camera's automatic gain would have it."""
    x = np.power(picture.astype(np.float32) / 255, np.exp(rng.normal(0, 0.25)))
    x = (x - 0.5) * np.exp(rng.normal(0, 0.2)) + 0.5 + rng.normal(0, 0.08)
    x += rng.uniform(0, 0.04) * rng.standard_normal(x.shape)
    return np.clip(x, 0, 1).astype(np.float32)


def predictor(network: Segmenter) -> Predict:
    """The network as `score_boxes` takes it."""

    @torch.inference_mode()
    def predict(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = picture.shape
        x = torch.from_numpy(picture)[None, None].float() / 255
        x = padded_to_stride(x).expand(-1, 3, -1, -1)
        probabilities = network(x.contiguous(memory_format=torch.channels_last)).softmax(1)[0]
        return probabilities[:, : -(-height // CELL), : -(-width // CELL)].numpy()

    return predict
