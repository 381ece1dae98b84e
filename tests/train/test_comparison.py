"""`python -m train compare`: small sets, resumed training, one table."""

import argparse
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from thermalsdk import Synthesizer
from thermalsdk.errors import ThermalSDKError
from train import scenes_dataset
from train.checkpoint import CheckpointError, TrainState
from train.comparison import command
from train.comparison.figure import WIDTH
from train.comparison.inputs import Maps, frame_inputs
from train.comparison.table import summarise, table_markdown
from train.comparison.training import Budget, settings_of
from train.data import Dataset, DatasetError
from train.data.resize import resize_dataset
from train.methods import METHODS
from train.record import write_record
from train.scenes_dataset import prepare_scenes


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    # Eight streets, so that there are distances. A folder may have another name than its set.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes_dataset, "FRAMES_PER_SCENE", 1)
        prepare_scenes(root / "streets", 4, 8, (96, 128))
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
    prepare_scenes(tmp_path / "scenes", 1, 1, (96, 128))
    other = Dataset.open(tmp_path / "scenes")
    with pytest.raises(DatasetError, match="was made of other files"):
        command._resized(other, tmp_path / "small", 64)
    command._resized(other, tmp_path / "other", 64)
    os.utime(next((tmp_path / "scenes" / "thermal").iterdir()), (1, 1))  # prepared again
    with pytest.raises(DatasetError, match="was made of other files"):
        command._resized(other, tmp_path / "other", 64)


def arguments(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bundle", "nowhere"], "nowhere"),
        (["--sets", "streets", "avenues"], "has no avenues"),
        (["--figure", "methods.txt"], "methods.txt names no known format"),
        (["--figure", "methods.png"], "scenes is no folder"),
        (["--figure", "nowhere/methods.png"], "nowhere does not exist"),
        (["--json", "nowhere/table.json"], "nowhere does not exist"),
        (["--size", "100"], "size=100 is no size"),
    ],
)
def test_mistakes_are_found_before_any_method_is_trained(scenes, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "train_method", None)
    with pytest.raises(ThermalSDKError, match=said):
        command.main(arguments("--data", scenes, "--sets", "streets", "--out", "out", *words))


def test_another_budget_of_a_later_method_is_found_before_training(scenes, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "train_method", None)
    write_record(tmp_path / "paper", settings_of("paper", Budget(images=8, batch=2), ["streets"]))
    TrainState({}).save(tmp_path / "paper")
    words = ("--data", scenes, "--sets", "streets", "--out", tmp_path, "--methods", "pix2pix", "paper")
    with pytest.raises(CheckpointError, match="batch was 2, now 4"):
        command.main(arguments(*words, "--images", 8))


def test_scores_are_kept_for_what_they_depend_on(scenes, tmp_path, monkeypatch):
    scored = []

    def evaluate(dataset, synthesize, protocol, compared, **_):
        scored.append((dataset.folder, protocol, bool(compared)))
        return {"dataset": dataset.folder, "protocol": protocol}

    monkeypatch.setattr(command, "evaluate", evaluate)
    monkeypatch.setattr(command, "predicted_maps", lambda *_: {})
    monkeypatch.setattr(command, "load_module", lambda *_: None)
    monkeypatch.setattr(command, "build", lambda *_: SimpleNamespace(generator=None))
    monkeypatch.setattr(command, "training_seconds", lambda run: 1.0)
    for name in ("pix2pix", "paper"):
        (tmp_path / name).mkdir()
    sets = {"streets": Dataset.open(scenes / "streets")}

    def run(*methods):
        scored.clear()
        args = arguments("--out", tmp_path, "--methods", *methods)
        command._score_all(args, Budget(), sets, sets)
        return scored.copy()

    assert len(run("pix2pix", "paper")) == 4
    assert run("pix2pix", "paper") == []
    # Paper is the first method now: its scores have to hold the baselines' distances.
    assert run("paper") == [("streets", "given", True), ("streets", "rgb", True)]
    monkeypatch.setattr(Dataset, "fingerprint", lambda dataset: "another")
    assert len(run("paper")) == 2


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
    # One network of the paper's in place of one a class, which take gigabytes.
    monkeypatch.setitem(METHODS, "paper", METHODS["reduced"])
    words = f"--data {scenes} --sets streets --out {tmp_path} --methods pix2pix paper --images 4 --size 64"
    copies = ["--json", str(tmp_path / "copy.json"), "--figure", str(tmp_path / "methods.png")]
    copies += ["--figure-set", "streets"]
    args = arguments(*words.split(), "--batch", "2", "--cap", "8", *copies)
    assert command.main(args) == 0
    table = json.loads((tmp_path / "copy.json").read_text())
    assert table["budget"]["images"] == 4
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
