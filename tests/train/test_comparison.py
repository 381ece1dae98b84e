"""`python -m train compare`: small sets, resumed training, one table."""

import argparse
import json

import numpy as np
import pytest
from PIL import Image

from thermalsdk import Synthesizer
from train.comparison import command
from train.comparison.figure import WIDTH
from train.comparison.inputs import Maps, frame_inputs
from train.comparison.table import summarise, table_markdown
from train.data import Dataset, DatasetError
from train.data.resize import resize_dataset
from train.scenes_dataset import prepare_scenes


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    # Eight streets, so that there are distances. A folder may have another name than its set.
    prepare_scenes(root / "streets", 4, 24, (96, 128))
    return root


def test_a_resized_set_keeps_everything_but_its_size(scenes, tmp_path):
    full = Dataset.open(scenes / "streets")
    small = resize_dataset(full, tmp_path / "small", (64, 64))
    assert small.stems("val") == full.stems("val")
    stem = full.stems("val")[0]
    before, after = full.sample(stem), small.sample(stem)
    assert after.rgb.shape == (64, 64, 3)
    assert after.night == before.night
    assert set(np.unique(after.labels)) <= set(np.unique(before.labels))
    assert set(np.unique(after.instances)) <= set(np.unique(before.instances))
    assert after.thermal_kelvin.mean() == pytest.approx(before.thermal_kelvin.mean(), abs=0.05)


def test_a_run_does_not_go_on_with_other_frames_than_it_was_begun_with(scenes, tmp_path):
    small = command._resized(Dataset.open(scenes / "streets"), tmp_path / "small", 64)
    assert command._resized(Dataset.open(scenes / "streets"), tmp_path / "small", 64).spec == small.spec
    prepare_scenes(tmp_path / "scenes", 1, 9, (96, 128))
    with pytest.raises(DatasetError, match="was made from another"):
        command._resized(Dataset.open(tmp_path / "scenes"), tmp_path / "small", 64)


def test_objects_get_one_temperature_each():
    labels = np.zeros((64, 64), np.uint8)
    objects = np.repeat([[0, 1]], 32, axis=1).repeat(64, axis=0)
    warm = np.random.default_rng(0).uniform(280, 290, (64, 64)).astype(np.float32)
    inputs = frame_inputs(np.zeros((64, 64, 3), np.uint8), Maps(labels, objects, warm))
    assert inputs.object_count == 2
    for half, columns in ((0, slice(0, 32)), (1, slice(32, 64))):
        painted = inputs.thermal_labels[0][:, columns].numpy()
        np.testing.assert_allclose(painted, warm[:, columns].mean(), rtol=1e-5, err_msg=f"half {half}")


@pytest.mark.slow
def test_compare_writes_the_table_and_goes_on_from_what_is_there(scenes, tmp_path, monkeypatch):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = f"--data {scenes} --sets streets --out {tmp_path} --methods pix2pix paper --images 8 --size 64"
    copies = ["--json", str(tmp_path / "copy.json"), "--figure", str(tmp_path / "methods.png")]
    copies += ["--figure-set", "streets"]
    args = parser.parse_args([*words.split(), "--cap", "8", *copies])
    assert command.main(args) == 0
    table = json.loads((tmp_path / "copy.json").read_text())
    assert table["budget"]["images"] == 8
    for protocol in ("given", "rgb"):
        for name in ("pix2pix", "paper"):
            row = table[protocol][name]
            assert row["streets.fd_infinity"] is not None
            assert -1 <= row["streets.r_day"] <= 1 or "streets.r_day" not in row
        assert table[protocol]["paper"]["streets.fd_infinity_over_pix2pix"] > 0
        assert "constant (train mean)" in table[protocol]
    assert "| paper |" in (tmp_path / "table1.md").read_text()
    with Image.open(tmp_path / "methods.png") as figure:  # colour, R, two methods, truth
        assert figure.size == (5 * WIDTH, command.FIGURE_ROWS * (WIDTH + 16))

    monkeypatch.setattr(command, "evaluate", None)  # nothing is scored, or trained, a second time
    assert command.main(args) == 0
    assert json.loads((tmp_path / "copy.json").read_text()) == table


def test_what_a_set_cannot_have_is_left_out():
    result = {
        "method": "pix2pix",
        "protocol": "rgb",
        "dataset": "roadscene",
        "seconds": 12.3,
        "distances": {"efficientnet-lite0": None},
        "errors": None,
        "model": {"all": {"r": {"value": 0.5}}, "day": {"r": {"value": 0.5}}, "night": None},
        "baselines": {},
    }
    table = summarise([result], {"images": 1}, {"roadscene": "somewhere"})
    assert table["rgb"] == {"pix2pix": {"roadscene.seconds": 12, "roadscene.r_day": 0.5}}
    assert "| pix2pix | 12 | 0.5 |" in table_markdown(table)


def test_predicted_maps_fit_the_small_frames(scenes):
    full = Dataset.open(scenes / "streets")
    with Synthesizer.load("street", threads=1, warmup=False) as synth:
        maps = command.predicted_maps(synth, full, "val", (64, 64))
    one = maps[full.stems("val")[0]]
    assert one.labels.shape == one.thermal_labels.shape == one.objects.shape == (64, 64)
