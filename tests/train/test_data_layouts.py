"""The layouts that the paper's authors use: ThermalWorld VOC, ThermalGAN, and FLIR's radiometric JPEGs."""

import sys

import numpy as np
import pytest
from PIL import Image

from tests.train.layouts import (
    painted_means,
    voc_classes,
    voc_objects,
    write_thermalgan,
    write_thermalworld,
)
from thermalsdk.errors import MissingDependency
from thermalsdk.labels import STREET_CLASSES
from train.data import DatasetError
from train.prepare import prepare


def test_thermalworld(tmp_path):
    scenes = write_thermalworld(tmp_path / "src", (2, 3, 4))
    dataset = prepare("thermalworld", tmp_path / "src", tmp_path / "out")
    assert (dataset.stems("train"), dataset.stems("val")) == (("0002", "0003"), ("0004",))
    assert dataset.thermal.radiometric
    for stem, frame in scenes.items():
        sample = dataset.sample(stem)
        np.testing.assert_allclose(sample.thermal_kelvin, frame.kelvin, atol=0.006)
        np.testing.assert_array_equal(sample.source_map, voc_classes(frame.labels))
        car = STREET_CLASSES.index("car")
        np.testing.assert_array_equal(sample.labels == car, frame.labels == car)
        objects = voc_objects(frame.instances)
        np.testing.assert_array_equal(sample.instances, objects)
        assert sorted(sample.temperatures) == list(range(1, objects.max() + 1))
        for number, kelvin in sample.temperatures.items():
            assert kelvin == pytest.approx(frame.kelvin[objects == number].mean(), abs=1e-3)


def test_thermalworld_without_lists_keeps_every_tenth_frame_for_validation(tmp_path):
    write_thermalworld(tmp_path / "src", range(11), lists=False)
    dataset = prepare("thermalworld", tmp_path / "src", tmp_path / "out")
    assert dataset.stems("val") == ("0009",)
    assert len(dataset.stems("train")) == 10


def test_thermalgan(tmp_path):
    scenes = write_thermalgan(tmp_path / "src", (2, 3))
    dataset = prepare("thermalgan", tmp_path / "src", tmp_path / "out")
    assert (dataset.stems("train"), dataset.stems("val")) == (("0002", "0003"), ("0002_test",))
    for stem, frame in scenes.items():
        sample = dataset.sample(stem)
        assert sample.labels is None
        np.testing.assert_allclose(sample.thermal_kelvin, frame.kelvin, atol=0.006)
        means = np.zeros(max(sample.temperatures) + 1)
        means[list(sample.temperatures)] = list(sample.temperatures.values())
        np.testing.assert_allclose(
            np.bincount(sample.instances.ravel(), means[sample.instances].ravel()),
            np.bincount(sample.instances.ravel(), frame.kelvin.ravel()),
            rtol=1e-6,
        )
        # An object of LABEL_TEMP may fall apart into areas, whose own means then stand for it.
        assert abs((means[sample.instances] - painted_means(frame)).mean()) < 0.01


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda src: (src / "ThermalImages/0002.npy").unlink(), "no temperatures of 0002"),
        (lambda src: np.save(src / "ThermalImages/0002.npy", np.full((96, 128), np.nan)), "NaN"),
        (lambda src: np.save(src / "ThermalImages/0002.npy", np.ones((96, 128), np.int32)), "int32"),
        (lambda src: np.save(src / "ThermalImages/0002.npy", np.ones((50, 60))), "60x50"),
        (lambda src: np.save(src / "ThermalImages/0002.npy", np.full((96, 128), 5e4)), "beyond"),
        (lambda src: (src / "ThermalImages/0002.npy").write_bytes(b"no array"), "no NumPy array"),
        (
            lambda src: Image.new("RGB", (128, 96)).save(src / "SegmentationClass/0002.png"),
            "no map of ids",
        ),
        (lambda src: Image.new("L", (64, 96)).save(src / "SegmentationObject/0002.png"), "64x96"),
        (lambda src: (src / "ColorImages/0002.png").unlink(), "no picture of 0002"),
        (lambda src: (src / "ColorImages").rename(src / "Colours"), "ColorImages or JPEGImages"),
    ],
)
def test_bad_thermalworld_is_refused_and_leaves_nothing(tmp_path, damage, message):
    write_thermalworld(tmp_path / "src", (2, 3))
    damage(tmp_path / "src")
    with pytest.raises(DatasetError, match=message) as caught:
        prepare("thermalworld", tmp_path / "src", tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_label_map_that_was_resampled_smoothly_is_refused(tmp_path):
    write_thermalgan(tmp_path / "src", (2,))
    path = tmp_path / "src/train/LABEL_TEMP/0002.npy"
    np.save(path, np.linspace(0, 30, 96 * 128).reshape(96, 128))
    with pytest.raises(DatasetError, match=r"0002\.npy: \d+ different temperatures"):
        prepare("thermalgan", tmp_path / "src", tmp_path / "out")


def test_flir_pictures(real_data, tmp_path):
    dataset = prepare("flir", real_data / "radiometric/flir_jpeg", tmp_path / "out")
    sample = dataset.sample("FLIR_AX8")
    assert sample.rgb.shape == (*sample.thermal_kelvin.shape, 3)
    assert 297 < sample.thermal_kelvin.min() <= sample.thermal_kelvin.max() < 299


def test_a_folder_without_radiometric_pictures_is_refused(tmp_path):
    (tmp_path / "src").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "src/plain.jpg")
    with pytest.raises(DatasetError, match="no folder of radiometric JPEGs"):
        prepare("flir", tmp_path / "src", tmp_path / "out")


def test_flir_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "src/plain.jpg")
    monkeypatch.setitem(sys.modules, "flyr", None)
    with pytest.raises(MissingDependency, match="flyr"):
        prepare("flir", tmp_path / "src", tmp_path / "out")
