"""Windows, colours and thermal batches."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thermalsdk.labels import STREET_CLASSES
from train import thermal_batch
from train.adversary import WINDOW, Adversary
from train.augmentation import jitter_colours, random_window
from train.checkpoint import CheckpointError, TrainState
from train.composition import one_hot
from train.data import Dataset, DatasetError
from train.layergan import EdgeConfig, noisy_thermal_labels, reconstruction_loss, sample_grid
from train.mixture import Mixture, open_sets
from train.runtime import Runtime
from train.scenes_dataset import prepare_scenes
from train.thermal_batch import LabelledMixture, WindowRules, draw_thermal_batch, segment_mixture

RULES = WindowRules(batch=3, size=(64, 96), scales=(0.6, 1.2), object_share=0.5, segmented_share=0.5)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> LabelledMixture:
    root = tmp_path_factory.mktemp("data")
    prepare_scenes(root / "scenes", train=2, val=0, size=(96, 128))
    return LabelledMixture(Mixture(root, {"scenes": 1.0, "absent": 1.0}, "shares"), {})


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(64, 400), st.integers(64, 400)),
    centre=st.booleans(),
)
def test_windows_lie_inside_and_hold_their_centre(seed: int, shape: tuple[int, int], centre: bool) -> None:
    rng = np.random.default_rng(seed)
    place = (int(rng.integers(shape[0])), int(rng.integers(shape[1]))) if centre else None
    window = random_window(rng, shape, (64, 96), (0.5, 1.5), place)
    assert 0 <= window.top <= window.top + window.height <= shape[0]
    assert 0 <= window.left <= window.left + window.width <= shape[1]
    if place is not None:
        assert window.top <= place[0] < window.top + window.height
        assert window.left <= place[1] < window.left + window.width
    assert window.ids(np.zeros(shape, np.uint8)).shape == (64, 96)


@pytest.mark.parametrize("scales", [(0.5, 0.8), (1.3, 1.7)])
def test_ids_lie_where_the_picture_shows_them(scales: tuple[float, float]) -> None:
    ramp = np.broadcast_to(np.arange(240, dtype=np.float32)[:, None], (240, 320)).copy()
    shifts = []
    for seed in range(50):
        window = random_window(np.random.default_rng(seed), ramp.shape, (64, 96), scales)
        inside = slice(4, -4)  # a picture repeats its border
        shifts.append((window.ids(ramp) - window.picture(ramp))[inside].mean())
    assert abs(np.mean(shifts)) < 0.05  # of a pixel of the frame


def test_colours_change_and_geometry_does_not() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, 30:] = 200
    changed = jitter_colours(np.random.default_rng(3), rgb)
    assert changed.dtype == np.float32
    assert 0 <= changed.min() <= changed.max() <= 1
    assert changed[:, 35:].mean() > changed[:, :25].mean() + 0.2


def test_batch_is_a_function_of_seed_and_index(mixture: LabelledMixture) -> None:
    first, again, other = (draw_thermal_batch(mixture, RULES, 5, i) for i in (1, 1, 2))
    assert torch.equal(first.rgb, again.rgb)
    assert not torch.equal(first.rgb, other.rgb)


def test_thermal_labels_are_object_means(mixture: LabelledMixture) -> None:
    batch = draw_thermal_batch(mixture, RULES, 0, 0)
    assert batch.object_count == int(batch.objects.max()) + 1
    for identity in range(0, batch.object_count, 7):
        inside = batch.objects == identity
        expected = batch.thermal[inside].double().mean().item()
        assert batch.thermal_labels[inside].double().mean().item() == pytest.approx(expected, abs=2e-2)
        assert len(batch.labels[inside].unique()) == 1


def test_noise_moves_whole_objects(mixture: LabelledMixture) -> None:
    batch = draw_thermal_batch(mixture, RULES, 0, 0)
    told = [noisy_thermal_labels(batch, 1.5, torch.Generator().manual_seed(i)) for i in range(8)]
    moved = [t - batch.thermal_labels for t in told if not torch.equal(t, batch.thermal_labels)]
    assert 0 < len(moved) < 8
    identity = int(batch.objects[0, 0, 0])
    assert moved[0][batch.objects == identity].std(unbiased=False) < 1e-3


def test_perfect_output_costs_nothing(mixture: LabelledMixture) -> None:
    batch = draw_thermal_batch(mixture, RULES, 0, 0)
    perfect, _ = reconstruction_loss(batch.thermal, batch, EdgeConfig())
    flat, _ = reconstruction_loss(batch.thermal_labels, batch, EdgeConfig())
    assert perfect.item() < 1e-4 < flat.item()
    assert one_hot(batch.labels, len(STREET_CLASSES)).sum(1).eq(1).all()


def test_sample_grid_is_a_picture(mixture: LabelledMixture) -> None:
    batch = draw_thermal_batch(mixture, RULES, 0, 0)
    grid = sample_grid(batch, batch.thermal)
    assert grid.shape == (3, 3 * 64, 4 * 96)
    assert 0 <= grid.min() <= grid.max() <= 1


def test_critics_look_at_windows_with_their_class(mixture: LabelledMixture) -> None:
    batch = draw_thermal_batch(mixture, RULES, 0, 3)
    adversary = Adversary(STREET_CLASSES, 10.0, 2, 10.0)
    looks = adversary.look(batch, torch.Generator().manual_seed(0))
    for name, corners, _ in looks:
        k = STREET_CLASSES.index(name)
        for sample, top, left in corners:
            window = batch.labels[sample, top : top + WINDOW, left : left + WINDOW]
            assert window.shape == (WINDOW, WINDOW)
            assert (window == k).any()
    fake = (batch.thermal_labels + 1).requires_grad_(True)
    adversary.generator_loss(batch, fake, looks).backward()
    assert fake.grad is not None
    assert fake.grad.abs().sum() > 0
    critic_loss = adversary.critic_loss(batch, fake, looks, torch.Generator().manual_seed(1))
    assert critic_loss.isfinite()


def test_a_mixture_without_any_labels_is_refused(mixture: LabelledMixture, monkeypatch) -> None:
    monkeypatch.setattr("train.mixture.TRUSTED", ())
    with pytest.raises(DatasetError, match="no frame of scenes has labels"):
        LabelledMixture(mixture.mixture, {})
    LabelledMixture(mixture.mixture, {"scenes/0": np.zeros((96, 128), np.uint8)})


def test_the_segmenters_maps_of_two_sets_of_one_name_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("streets", "more-streets"):
        prepare_scenes(tmp_path / folder, train=1, val=0, size=(64, 96))
    mixture = Mixture(tmp_path, {"streets": 1.0, "more-streets": 1.0}, "shares")
    assert len({dataset.name for dataset in mixture.datasets}) == 1
    ids = iter((1, 2))
    monkeypatch.setattr(thermal_batch, "load_module", lambda *_: None)
    monkeypatch.setattr(thermal_batch, "segment", lambda _, rgb: np.full(rgb.shape[:2], next(ids), np.uint8))
    TrainState({}).save(tmp_path)
    fabric = Runtime().fabric
    frames = segment_mixture(mixture, tmp_path, fabric)
    assert {key: int(frames.segmented[key].max()) for key in frames.segmented} == {
        "streets/0000_0": 1,
        "more-streets/0000_0": 2,
    }
    rules = WindowRules(1, (64, 64), (1.0, 1.0), object_share=0.0, segmented_share=1.0)
    seen = {draw_thermal_batch(frames, rules, 0, index).labels.max().item() for index in range(8)}
    assert seen == {1, 2}
    # Another machine has no segmenter.
    monkeypatch.setattr("train.checkpoint.gathered", lambda own: torch.cat([own, torch.tensor([0])]))
    with pytest.raises(CheckpointError, match="has 0 and 2 label maps"):
        segment_mixture(mixture, tmp_path, fabric)


def test_ids_of_other_classes_are_not_taken_for_ours(make_dataset) -> None:
    root = make_dataset()  # its class 1 is road, which is sky here
    with pytest.raises(DatasetError, match="has the classes background, road, car, person"):
        open_sets(root.parent, {root.name: 1.0})


def test_dataset_without_frames_of_a_source_is_left_out(mixture: LabelledMixture) -> None:
    (entry,) = mixture.mixture.provenance()
    assert (entry["name"], entry["share"]) == ("scenes", 1.0)
    assert entry["side"] == min(mixture.mixture.sources[0].samples[0].rgb.shape[:2])
    assert isinstance(mixture.mixture.sources[0].dataset, Dataset)
