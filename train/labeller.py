"""`python -m train labeller`: the mean temperature of each object, from RGB and labels."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from thermalsdk.bundle import Bundle
from thermalsdk.labels import STREET_CLASSES
from train.box_labels import correct_by_boxes
from train.checkpoint import TrainState
from train.composition import OFFSET_KELVIN, SCALE_KELVIN, object_means, one_hot
from train.initial_weights import load_graph_weights, require_same_normalization
from train.loop import Average, cosine_schedule, run_steps
from train.losses import correlation_loss
from train.mixture import Mixture, open_sets, require_thermal
from train.networks.labeller import Labeller
from train.parallel import processes, total
from train.record import record_run, require_same_run
from train.runtime import Runtime, require_divisible
from train.settings import require_stage_settings
from train.thermal_batch import ThermalBatch, WindowRules, draw_thermal_batch, segment_mixture

#: The network sees frames at a fourth of their size.
CELL = 4


@dataclass(frozen=True)
class LabellerConfig:
    """The whole configuration of a labeller run."""

    steps: int = 1500
    batch: int = 12
    size: tuple[int, int] = (384, 480)
    scales: tuple[float, float] = (0.6, 1.1)
    object_share: float = 0.35
    segmented_share: float = 0.5
    learning_rate: float = 1e-3
    frozen_blocks: int = 3
    weight_decay: float = 1e-2
    lambda_dense: float = 0.3
    lambda_correlation: float = 1.0
    offset_kelvin: float = field(default=OFFSET_KELVIN, init=False)  # recorded, and the same for all stages
    scale_kelvin: float = field(default=SCALE_KELVIN, init=False)
    ema_halflife: float = 150
    shares: dict[str, float] = field(
        default_factory=lambda: {"msrs": 0.55, "roadscene": 0.2, "m3svd": 0.05, "scenes": 0.2}
    )
    seed: int = 0

    def __post_init__(self) -> None:
        require_stage_settings(self, CELL, CELL)

    @property
    def windows(self) -> WindowRules:
        """How training windows are drawn."""
        return WindowRules(self.batch, self.size, self.scales, self.object_share, self.segmented_share)


def predict_thermal_labels(
    network: Labeller, batch: ThermalBatch, precision: AbstractContextManager
) -> tuple[Tensor, Tensor]:
    """Dense temperature and the same painted as object means, both [N,H,W] in kelvin.

    Args:
        precision: in which the network runs.
    """
    fractions = F.avg_pool2d(one_hot(batch.labels, len(network.classes)), CELL)
    with precision:
        low = network(F.avg_pool2d(batch.rgb, CELL), fractions).float()
    dense = F.interpolate(low, scale_factor=2.0 * CELL, mode="nearest")[:, 0]
    dense = dense[:, : batch.labels.shape[1], : batch.labels.shape[2]]
    return dense, object_means(dense, batch.objects, batch.object_count)[batch.objects]


def labeller_loss(
    dense: Tensor, painted: Tensor, batch: ThermalBatch, config: LabellerConfig
) -> tuple[Tensor, dict[str, float]]:
    """Error of the object means where levels mean something, correlation with the truth everywhere."""
    absolute = batch.absolute[:, None, None].float()
    share = (total(absolute.mean()) / processes()).clamp(min=1e-3)
    object_error = ((painted - batch.thermal_labels) / config.scale_kelvin) * absolute
    dense_error = ((dense - batch.thermal) / config.scale_kelvin) * absolute
    level = F.huber_loss(object_error, torch.zeros_like(object_error), delta=0.2) / share
    detail = F.huber_loss(dense_error, torch.zeros_like(dense_error), delta=0.2) / share
    correlation = correlation_loss(painted, batch.thermal)
    dense_correlation = correlation_loss(dense, batch.thermal)
    loss = 20 * (level + config.lambda_dense * detail) + config.lambda_correlation * (
        correlation + config.lambda_dense * dense_correlation
    )
    mae = (object_error.abs().mean() / share * config.scale_kelvin).item()
    return loss, {
        "mae_kelvin": mae,
        "r_painted": 1 - correlation.item(),
        "r_dense": 1 - dense_correlation.item(),
    }


def check_labeller(data: Path, out: Path, config: LabellerConfig, start: Bundle | None = None) -> None:
    """Find what `train_labeller` could not do with the same arguments, before anything is trained.

    Raises:
        OptionError: the processes cannot share the batch.
        DatasetError: there are no frames, or a set has no thermal pictures.
        CheckpointError: the run in `out` was begun with other settings.
        BundleError: `start` has no labeller of this form and normalisation.
    """
    require_divisible(config.batch, "labeller")
    require_thermal(open_sets(data, config.shares).values())
    require_same_run(out, config, start)
    if start is not None:
        require_same_normalization(start)
        _load_weights(
            start, Labeller(STREET_CLASSES, config.offset_kelvin, config.scale_kelvin, pretrained=False)
        )


def train_labeller(
    data: Path, out: Path, config: LabellerConfig, start: Bundle | None = None, runtime: Runtime | None = None
) -> None:
    """Train on the thermal datasets in `data`; resumes what lies in `out`.

    Args:
        start: bundle whose labeller a new run starts from; default: ImageNet's backbone.
        runtime: default: one process.

    Raises what `check_labeller` raises, and DatasetError where neither the sets nor a segmenter give labels.
    """
    runtime = runtime or Runtime()
    check_labeller(data, out, config, start)
    with runtime.fabric.rank_zero_first():
        mixture = Mixture(data, config.shares, "--set labeller.shares=JSON", refine=correct_by_boxes)
        record_run(out, config, mixture, start)
    frames = segment_mixture(mixture, out.parent / "segmenter", runtime.fabric)
    torch.manual_seed(config.seed)
    network = runtime.place(Labeller(STREET_CLASSES, config.offset_kelvin, config.scale_kelvin))
    if start is not None:
        _load_weights(start, network)
    ema = Average(network, config.ema_halflife)
    network.backbone.freeze(config.frozen_blocks)
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    state = TrainState({"labeller": network, "labeller_ema": ema.average}, {"labeller": optimizer})
    set_rates = cosine_schedule(optimizer, config.steps)
    batches = runtime.read(
        lambda index: draw_thermal_batch(frames, config.windows, config.seed, index), config.steps
    )

    def step(index: int) -> dict[str, float]:
        set_rates(index)
        batch = batches(index).to(runtime.fabric.device)
        dense, painted = predict_thermal_labels(network, batch, runtime.autocast())
        loss, scalars = labeller_loss(dense, painted, batch, config)
        runtime.descend(loss, optimizer, longest=2.0)
        ema.update(index)
        return scalars | {"data_wait_ms": 1e3 * batches.waited}

    run_steps(out, state, config.steps, step, config.batch)


def _load_weights(bundle: Bundle, network: Labeller) -> None:
    load_graph_weights(bundle, bundle.manifest.graphs.labeller, network)
