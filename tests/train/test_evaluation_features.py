"""Crops, the two feature networks, and how `evaluate` and its command use them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from train.data import Dataset
from train.evaluation import evaluate
from train.evaluation.command import _feature_networks
from train.evaluation.evaluate import COMPARED
from train.evaluation.features import LiteFeatures, crops, grey_picture, grid, picture_features
from train.evaluation.inception import InceptionFeatures, InceptionV3, WeightsError, load_inception
from train.evaluation.report import markdown

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "errors.md"


@pytest.fixture(scope="module")
def lite():
    return LiteFeatures()


@pytest.fixture(scope="module")
def inception():
    torch.manual_seed(0)
    return InceptionV3().eval()


def test_the_grid_covers_everything_and_ends_at_the_border():
    assert grid(640, 128, 64) == [0, 64, 128, 192, 256, 320, 384, 448, 512]
    assert grid(329, 128, 64) == [0, 64, 128, 192, 201]
    assert grid(128, 128, 64) == [0]


def test_crops():
    picture = np.arange(256 * 320, dtype=np.float32).reshape(256, 320)
    found = crops(picture)
    assert found.shape == (3 * 4, 128, 128)
    np.testing.assert_array_equal(found[0], picture[:128, :128])
    np.testing.assert_array_equal(found[-1], picture[-128:, -128:])
    assert crops(picture[:90]).shape == (4 * 14, 45, 45)


def test_grey_pictures():
    values = np.linspace(-51, 306, 1000).reshape(20, 50)
    level = grey_picture(values, level=True)
    assert (level.min(), level.max(), level.dtype) == (0, 1, np.float32)
    assert grey_picture(np.full((9, 9), 51.0), level=True)[0, 0] == pytest.approx(0.2)
    own = grey_picture(values, level=False)
    np.testing.assert_allclose(grey_picture(3 * values + 900, level=False), own, atol=1e-6)
    assert not grey_picture(np.full((9, 9), 51.0), level=False).any()


def test_lite_features_average_the_last_block(lite):
    picture = np.random.default_rng(0).uniform(size=(130, 128)).astype(np.float32)
    found = picture_features(lite, picture)
    assert (found.shape, found.dtype) == ((4 * 3, lite.dimensions), np.float64)
    colour = torch.from_numpy(picture[:64, :64]).expand(1, 3, -1, -1)
    with torch.inference_mode():
        expected = lite._network(colour)[4].mean((2, 3))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-4)


def test_inception_has_the_published_shape_and_names(inception):
    state = inception.state_dict()
    weights = [name for name in state if not name.endswith("num_batches_tracked")]
    # 94 convolutions of five tensors each, and the classifier's two.
    assert len(weights) == 94 * 5 + 2
    assert sum(p.numel() for p in inception.parameters()) == 23_850_960
    assert sum(p.numel() for p in inception.fc.parameters()) == 2048 * 1008 + 1008
    shapes = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch1x1.conv.weight": (64, 192, 1, 1),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch_pool.bn.bias": (64,),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
        "Mixed_6c.branch7x7dbl_4.conv.weight": (160, 160, 7, 1),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch_pool.conv.weight": (192, 2048, 1, 1),
        "fc.weight": (1008, 2048),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


def test_inception_pools_as_fid_does(inception):
    """A constant through an average that left padding in would darken at the border."""
    ones = torch.ones(1, 192, 5, 5)
    blocks = {
        name: getattr(inception, name)._pool for name in ("Mixed_5b", "Mixed_6e", "Mixed_7b", "Mixed_7c")
    }
    assert list(blocks.values()) == ["average", "average", "average", "maximum"]
    with torch.inference_mode():
        pooled = inception.Mixed_5b._pooled(ones)
    torch.testing.assert_close(pooled, pooled[..., 2:3, 2:3].expand_as(pooled))


def test_inception_takes_crops_of_any_size_in_0_to_1(inception):
    seen = []
    handle = inception.Conv2d_1a_3x3.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        features = inception(torch.cat([torch.zeros(1, 3, 64, 128), torch.ones(1, 3, 64, 128)], 2))
    handle.remove()
    assert features.shape == (1, 2048)
    assert seen[0].shape == (1, 3, 299, 299)
    assert (float(seen[0].min()), float(seen[0].max())) == pytest.approx((-1, 1))


def test_inception_weights_are_loaded_and_named_by_their_file(inception, tmp_path):
    state = {k: v for k, v in inception.state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "a.pth")
    network = InceptionFeatures(tmp_path / "a.pth")
    assert network.name == "inception-v3 " + hashlib.sha256((tmp_path / "a.pth").read_bytes()).hexdigest()[:8]
    loaded = network._network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())
    assert not network._network.training


def test_wrong_inception_weights_are_refused(inception, tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(WeightsError, match="cannot be read") as caught:
        load_inception(path)
    assert "fid_weights" in caught.value.hint
    path.write_bytes(b"PK\x03\x04 half a download")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_inception(path)
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="no table"):
        load_inception(path)
    state = inception.state_dict()
    torch.save({k: v for k, v in state.items() if k != "Mixed_6b.branch1x1.bn.weight"}, path)
    with pytest.raises(WeightsError, match=r"lacks Mixed_6b\.branch1x1\.bn\.weight"):
        load_inception(path)
    torch.save(state | {"fc.weight": torch.zeros(1000, 2048)}, path)
    with pytest.raises(WeightsError, match=r"fc\.weight of the shape \(1000, 2048\)"):
        load_inception(path)


def test_the_error_is_documented():
    assert "### WeightsError\n" in DOCUMENTATION.read_text()


def test_the_command_adds_inception_only_with_its_file():
    assert [network.name for network in _feature_networks(None)] == ["efficientnet-lite0"]
    with pytest.raises(WeightsError):
        _feature_networks(Path("absent.pth"))


class Spy:
    """Remembers the crops it was given."""

    name = "spy"
    dimensions = 1

    def __init__(self):
        self.crops = []

    def __call__(self, crops):
        self.crops.append(crops)
        return crops.mean((1, 2, 3))[:, None]


def test_evaluate_measures_real_model_and_the_compared_baselines(make_dataset, monkeypatch):
    monkeypatch.setattr("train.evaluation.distribution_scores.MIN_CLIPS", 2)
    monkeypatch.setattr("train.evaluation.distribution_scores.floor", lambda real: FLOOR)
    dataset, spy = Dataset.open(make_dataset()), Spy()
    result = evaluate(dataset, lambda sample, given: sample.thermal_kelvin, "rgb", networks=[spy])
    found = result["distances"]["spy"]
    assert list(found["baselines"]) == [row for row in result["baselines"] if row in COMPARED]
    assert len(found["baselines"]) == 3
    assert found["model"]["fd"] == pytest.approx(0, abs=1e-9)
    # Real and model agree to a count's rounding: twelve crops of 32 pixels to a frame of 64x80.
    torch.testing.assert_close(spy.crops[0], spy.crops[1], atol=1e-4, rtol=0)
    assert spy.crops[0].shape == (12, 3, 32, 32)
    report = markdown([result])
    assert "distances by spy, 24 crops" in report
    assert "halves of the real frames (4 each)" in report


FLOOR = {
    "fd_infinity": {"value": 0.1, "low": 0.0, "high": 0.2},
    "kid": {"value": 0.0, "low": 0.0, "high": 0.0},
    "frames": 4,
    "splits": 10,
}


def test_without_networks_there_are_no_distances(make_dataset):
    dataset = Dataset.open(make_dataset())
    assert evaluate(dataset, lambda sample, given: sample.thermal_kelvin, "rgb")["distances"] == {}
