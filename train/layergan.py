"""`python -m train`: the layered generator, preset `edge` (paper section 3, second approach, made slim)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from thermalsdk.bundle import Bundle
from thermalsdk.labels import STREET_CLASSES
from train.adversary import WINDOW, Adversary
from train.checkpoint import TrainState
from train.composition import OFFSET_KELVIN, SCALE_KELVIN, compose, conditions, one_hot
from train.initial_weights import load_graph_weights, require_same_normalization
from train.loop import Average, cosine_schedule, run_steps
from train.losses import class_balanced, correlation_loss, gradient_l1
from train.mixture import Mixture, open_sets, require_thermal
from train.networks.backbone import STRIDE
from train.networks.edge import EdgeGenerator
from train.parallel import total
from train.record import record_run, require_same_run
from train.runtime import Runtime, require_divisible
from train.settings import require_positive, require_probabilities, require_stage_settings
from train.thermal_batch import ThermalBatch, WindowRules, draw_thermal_batch, segment_mixture


@dataclass(frozen=True)
class EdgeConfig:
    """The whole configuration of an `edge` run."""

    steps: int = 7500
    batch: int = 6
    size: tuple[int, int] = (256, 320)
    scales: tuple[float, float] = (0.5, 1.1)
    object_share: float = 0.5
    segmented_share: float = 0.35
    learning_rate: float = 1.5e-3
    backbone_rate: float = 0.3
    frozen_blocks: int = 3
    weight_decay: float = 2e-2
    critic_rate: float = 2e-4
    lambda_l1: float = 1.0
    lambda_l2: float = 1.0
    lambda_correlation: float = 0.5
    lambda_gradient: float = 0.3
    lambda_adversary: float = 0.01
    gradient_penalty: float = 10.0
    adversary_from: float = 0.9
    thermal_label_noise_kelvin: float = 1.5
    contrast_kelvin: float = 10.0
    feather_pixels: int = 2
    offset_kelvin: float = field(default=OFFSET_KELVIN, init=False)  # recorded, and the same for all stages
    scale_kelvin: float = field(default=SCALE_KELVIN, init=False)
    ema_halflife: float = 250
    shares: dict[str, float] = field(
        default_factory=lambda: {"msrs": 0.5, "roadscene": 0.22, "m3svd": 0.06, "scenes": 0.22}
    )
    seed: int = 0

    def __post_init__(self) -> None:
        require_stage_settings(self, STRIDE, WINDOW)
        require_positive(self, "contrast_kelvin", "critic_rate")
        require_probabilities(self, "adversary_from")

    @property
    def windows(self) -> WindowRules:
        """How training windows are drawn."""
        return WindowRules(self.batch, self.size, self.scales, self.object_share, self.segmented_share)


def synthesize(
    generator: EdgeGenerator,
    batch: ThermalBatch,
    told: Tensor,
    config: EdgeConfig,
    precision: AbstractContextManager,
) -> Tensor:
    """Kelvin [N,H,W] of a batch.

    Args:
        told: the R that the layers see [N,H,W]; the composition uses the batch's own.
        precision: in which the generator runs; the composition is float32.
    """
    maps = conditions(batch.labels, told, len(generator.classes), config.offset_kelvin, config.scale_kelvin)
    present = maps[:, :, 0].flatten(2).amax(2) > 0
    with precision:
        contrasts = generator(batch.rgb, maps, present)
    return compose(
        contrasts.float(),
        batch.labels,
        batch.objects,
        batch.object_count,
        batch.thermal_labels,
        config.contrast_kelvin,
        config.feather_pixels,
    )


def noisy_thermal_labels(batch: ThermalBatch, kelvin: float, rng: torch.Generator) -> Tensor:
    """R with a random error per object on half of the batches, as a user's or labeller's R has one."""
    if torch.rand((), generator=rng) < 0.5:
        return batch.thermal_labels
    return batch.thermal_labels + kelvin * batch.errors[batch.objects]


class EdgeTraining:
    """Networks and optimisers of an `edge` run, and one step of it.

    Args:
        start: bundle whose encoder and layers training starts from; default: ImageNet's backbone.
    """

    def __init__(self, config: EdgeConfig, runtime: Runtime, start: Bundle | None = None) -> None:
        torch.manual_seed(config.seed)
        self.config, self.runtime = config, runtime
        self.generator = runtime.place(EdgeGenerator(STREET_CLASSES))
        if start is not None:
            load_generator(start, self.generator)
        self.ema = Average(self.generator, config.ema_halflife)
        self.generator.encoder.backbone.freeze(config.frozen_blocks)
        self.adversary = Adversary(
            STREET_CLASSES, config.contrast_kelvin, config.feather_pixels, config.gradient_penalty
        )
        critics = runtime.place(self.adversary.critics)
        groups = _parameter_groups(self.generator, config)
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)
        self.critic_optimizer = torch.optim.Adam(
            critics.parameters(), config.critic_rate, betas=(0.0, 0.9), fused=True
        )
        self.state = TrainState(
            {"generator": self.generator, "generator_ema": self.ema.average, "critics": critics},
            {"generator": self.optimizer, "critics": self.critic_optimizer},
        )
        self._set_rates = cosine_schedule(self.optimizer, config.steps)

    def step(self, index: int, batch: ThermalBatch) -> dict[str, float]:
        """Learn from this process's part of a batch; returns scalars for the log."""
        config, adversary = self.config, self.adversary
        self._set_rates(index)
        rng = torch.Generator().manual_seed(config.seed * 1_000_003 + index)
        told = noisy_thermal_labels(batch, config.thermal_label_noise_kelvin, rng)
        kelvin = synthesize(self.generator, batch, told, config, self.runtime.autocast())
        loss, scalars = reconstruction_loss(kelvin, batch, config)
        if index >= int(config.adversary_from * config.steps):
            looks = adversary.look(batch, rng)
            with self.runtime.autocast():
                critic_loss = adversary.critic_loss(batch, kelvin, looks, rng)
            self.runtime.descend(critic_loss, self.critic_optimizer)
            with self.runtime.autocast():
                opinion = adversary.generator_loss(batch, kelvin, looks)
            loss = loss + config.lambda_adversary * opinion
            scalars["critic"] = critic_loss.item()
        self.runtime.descend(loss, self.optimizer, longest=2.0)
        self.ema.update(index)
        return scalars

    @torch.no_grad()
    def sample(self, batch: ThermalBatch) -> Tensor:
        """What the averaged generator makes of a batch, as a picture [3,H',W'] in [0,1]."""
        generator = self.ema.average.eval()
        kelvin = synthesize(generator, batch, batch.thermal_labels, self.config, nullcontext())
        return sample_grid(batch, kelvin).cpu()


def check_edge(data: Path, out: Path, config: EdgeConfig, start: Bundle | None = None) -> None:
    """Find what `train_edge` could not do with the same arguments, before anything is trained.

    Raises:
        OptionError: the processes cannot share the batch.
        DatasetError: there are no frames, or a set has no thermal pictures.
        CheckpointError: the run in `out` was begun with other settings.
        BundleError: `start` has no encoder and layers of this form and normalisation.
    """
    require_divisible(config.batch, "edge")
    require_thermal(open_sets(data, config.shares).values())
    require_same_run(out, config, start)
    if start is not None:
        require_same_normalization(start)
        load_generator(start, EdgeGenerator(STREET_CLASSES, pretrained=False))


def train_edge(
    data: Path, out: Path, config: EdgeConfig, start: Bundle | None = None, runtime: Runtime | None = None
) -> None:
    """Train the layers on the prepared datasets in `data`; resumes what lies in `out`.

    Args:
        start: bundle whose encoder and layers a new run starts from; default: ImageNet's backbone.
        runtime: default: one process.

    Raises what `check_edge` raises, and DatasetError where neither the sets nor a segmenter give labels.
    """
    runtime = runtime or Runtime()
    check_edge(data, out, config, start)
    with runtime.fabric.rank_zero_first():
        mixture = Mixture(data, config.shares, "--set edge.shares=JSON")
        record_run(out, config, mixture, start)
    frames = segment_mixture(mixture, out.parent / "segmenter", runtime.fabric)
    training = EdgeTraining(config, runtime, start)
    device = runtime.fabric.device

    def draw(index: int, seed: int = config.seed) -> ThermalBatch:
        return draw_thermal_batch(frames, config.windows, seed, index)

    batches = runtime.read(draw, config.steps)

    def step(index: int) -> dict[str, float]:
        batch = batches(index).to(device)
        return training.step(index, batch) | {"data_wait_ms": 1e3 * batches.waited}

    def sample(index: int) -> Tensor:
        return training.sample(draw(index, config.seed + 1).to(device))

    run_steps(out, training.state, config.steps, step, config.batch, sample)


def load_generator(bundle: Bundle, generator: EdgeGenerator) -> None:
    """Copy the weights of a bundle's encoder and layers into a generator of the same classes.

    Raises:
        BundleError: the bundle lacks one of them, or was made by a generator of another shape.
    """
    graphs = bundle.manifest.graphs
    load_graph_weights(bundle, graphs.encoder, generator.encoder)
    for name, layer in generator.layers.items():
        form = layer.export_form()
        load_graph_weights(bundle, graphs.layers.get(name), form)
        layer.load_export_form(form)


def reconstruction_loss(
    kelvin: Tensor, batch: ThermalBatch, config: EdgeConfig
) -> tuple[Tensor, dict[str, float]]:
    """Paper, equation 1, and what an L1 alone leaves out: outliers, correlation, sharpness."""
    c = config.contrast_kelvin
    error = (kelvin - batch.thermal) / c
    l1 = class_balanced(error.abs(), one_hot(batch.labels, len(STREET_CLASSES)))
    l2 = error.square().mean()
    correlation = correlation_loss(kelvin, batch.thermal)
    gradient = gradient_l1(kelvin / c, batch.thermal / c)
    loss = (
        config.lambda_l1 * l1
        + config.lambda_l2 * l2
        + config.lambda_correlation * correlation
        + config.lambda_gradient * gradient
    )
    # A ratio of means over all processes, and no mean of ratios.
    flat = total(((batch.thermal_labels - batch.thermal) / c).square().mean())
    scalars = {
        "l1": l1.item(),
        "r": 1 - correlation.item(),
        "gradient": gradient.item(),
        "gain_db": 10 * torch.log10(flat / total(l2)).item(),
    }
    return loss, scalars


def _parameter_groups(generator: EdgeGenerator, config: EdgeConfig) -> list[dict]:
    """The pretrained backbone learns more slowly than what starts from noise."""
    backbone = list(generator.encoder.backbone.parameters())
    known = {id(p) for p in backbone}
    fresh = [p for p in generator.parameters() if id(p) not in known]
    decay = config.weight_decay
    slow = config.learning_rate * config.backbone_rate
    return [
        {"params": fresh, "lr": config.learning_rate, "weight_decay": decay},
        {"params": backbone, "lr": slow, "weight_decay": decay},
    ]


def sample_grid(batch: ThermalBatch, kelvin: Tensor) -> Tensor:
    """Rows of RGB, R, output and truth, each row on the truth's own range -> [3,H',W'] in [0,1]."""
    rows = []
    for i in range(len(batch.rgb)):
        low, high = torch.quantile(batch.thermal[i].flatten(), batch.thermal.new_tensor([0.01, 0.995]))
        greys = (batch.thermal_labels[i], kelvin[i], batch.thermal[i])
        scaled = [((g - low) / (high - low).clamp(min=1e-3)).clamp(0, 1).expand(3, -1, -1) for g in greys]
        rows.append(torch.cat([batch.rgb[i], *scaled], 2))
    return torch.cat(rows, 1)
