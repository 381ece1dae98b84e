"""The paper's tensors of a frame hold together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.train.layouts import write_thermalworld
from thermalsdk.labels import STREET_CLASSES
from train.data import DatasetError
from train.paper_tensors import CONTRAST_KELVIN, _Cut, paper_tensors
from train.prepare import prepare

CLASSES = len(STREET_CLASSES)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("thermalworld")
    write_thermalworld(root / "src", (2, 3))
    return prepare("thermalworld", root / "src", root / "out")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([64, 128]))
def test_they_add_up_to_the_thermal_picture(dataset, seed, size):
    tensors = paper_tensors(dataset.sample("0002"), CLASSES, np.random.default_rng(seed), size)
    assert tensors.rgb.shape == (3, size, size)
    assert tensors.masks.shape == (CLASSES, size, size)
    assert torch.equal(tensors.masks.sum(0), torch.ones(size, size))
    assert tensors.contrast.abs().max() <= 1
    kelvin = tensors.thermal_labels + CONTRAST_KELVIN * tensors.contrast
    unclipped = tensors.contrast.abs() < 1
    for k in range(CLASSES):
        mask = tensors.masks[k].bool()
        if mask.any() and unclipped[0][mask].all():
            torch.testing.assert_close(kelvin[0][mask].mean(), tensors.class_kelvin[k], atol=1e-2, rtol=0)
    present = tensors.masks.amax((1, 2)) > 0
    assert not tensors.class_kelvin[~present].any()
    assert (tensors.class_kelvin[present] > 200).all()


def test_maps_lie_where_the_picture_shows_them():
    ramp = np.broadcast_to(np.arange(240, dtype=np.float32)[:, None], (240, 320)).copy()
    shifts = []
    for seed in range(50):
        cut = _Cut.random(np.random.default_rng(seed), ramp.shape, 128)
        shifts.append((cut.ids(ramp) - cut.picture(ramp))[4:-4].mean())
    assert abs(np.mean(shifts)) < 0.1  # of a pixel of the frame


def test_edges_surround_objects(dataset):
    tensors = paper_tensors(dataset.sample("0002"), CLASSES, np.random.default_rng(0), 128)
    assert 0 < tensors.edges.mean() < 0.5
    labels = tensors.masks.argmax(0)
    across = labels[:, 1:] != labels[:, :-1]
    assert tensors.edges[0, :, 1:][across].all()


def test_the_same_seed_gives_the_same_tensors(dataset):
    first, second = (
        paper_tensors(dataset.sample("0002"), CLASSES, np.random.default_rng(5), 64) for _ in range(2)
    )
    assert torch.equal(first.rgb, second.rgb)
    assert torch.equal(first.contrast, second.contrast)


def test_a_frame_without_maps_is_refused(dataset):
    from dataclasses import replace

    with pytest.raises(DatasetError, match="lacks labels"):
        paper_tensors(replace(dataset.sample("0002"), labels=None), CLASSES, np.random.default_rng(0))
