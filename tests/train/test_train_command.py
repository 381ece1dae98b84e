"""`python -m train` from procedural frames to a run that export takes."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from export.methods import RECORD, export_method
from export.run import load_run
from thermalsdk.bundle import Bundle
from thermalsdk.errors import ThermalSDKError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import HELD_OUT
from train import preset
from train.checkpoint import TrainState, load_module
from train.command import main
from train.data import Dataset, DatasetWriter, FrameSpec
from train.initial_weights import load_graph_weights
from train.layergan import EdgeConfig
from train.mixture import open_sets
from train.networks.labeller import Labeller
from train.record import write_record
from train.scenes_dataset import prepare_scenes
from train.settings import configure

SMALL = [
    "segmenter.steps=2",
    "segmenter.batch=2",
    "segmenter.size=[64,96]",
    "labeller.steps=2",
    "labeller.batch=2",
    "labeller.size=[64,96]",
    "edge.steps=3",
    "edge.batch=2",
    "edge.size=[64,96]",
    "edge.adversary_from=0.5",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    prepare_scenes(root / "scenes", train=2, val=1, size=(96, 128))
    return root


def run_command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["train", *words])
    return main()


def small_settings(stage: str = "") -> list[str]:
    return [word for setting in SMALL if setting.startswith(stage) for word in ("--set", setting)]


@pytest.mark.slow
def test_three_stages_make_a_complete_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert run_command(monkeypatch, "--data", str(data), "--out", str(out), *small_settings()) == 0
    run = load_run(out)
    assert {stage: record["steps_done"] for stage, record in run.records.items()} == {
        "segmenter": 2,
        "labeller": 2,
        "edge": 3,
    }
    assert run.settings["data"][0]["name"] == "scenes"
    last = json.loads((out / "edge" / "stats.jsonl").read_text().splitlines()[-1])
    assert "critic" in last
    assert list((out / "edge" / "tensorboard").iterdir())
    before = (out / "edge" / "checkpoint.safetensors").stat().st_mtime_ns
    words = ("edge", "--data", str(data), "--out", str(out), *small_settings("edge"), "--set", "edge.steps=4")
    assert run_command(monkeypatch, *words) == 0
    assert load_run(out).records["edge"]["steps_done"] == 4
    assert (out / "edge" / "checkpoint.safetensors").stat().st_mtime_ns > before


def test_dry_run_prints_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(monkeypatch, "--dry-run", "--set", "edge.steps=7") == 0
    resolved = json.loads(capsys.readouterr().out)
    assert resolved["edge"]["steps"] == 7
    assert set(resolved) == {"segmenter", "labeller", "edge"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("steps=3", "with a stage of segmenter, labeller, edge"),
        ("edge.steps=", "with a stage of segmenter, labeller, edge"),
        ("edge.stepz=3", "edge has no setting 'stepz'"),
        ("edge.steps=three", "no JSON"),
        ('edge.steps="many"', "form that it has now: 7500"),
        ("edge.steps=true", "form that it has now: 7500"),
        ("edge.size=256", "form that it has now: [256, 320]"),
        ("edge.size=[250,320]", "edge.size=[250, 320] is no size for this network"),
        ("edge.size=[32,64]", "at least 64"),
        ("segmenter.size=[16,32]", "multiples of 32"),
        ("labeller.scale_kelvin=30", "labeller has no setting 'scale_kelvin'"),
        ("labeller.batch=0", "labeller.batch=0 is not above zero"),
        ("labeller.scales=[0,1]", "labeller.scales=[0, 1] is not above zero"),
        ("labeller.scales=[2,1]", "no range"),
        ("edge.seed=-1", "edge.seed=-1 is below zero"),
        ("edge.frozen_blocks=-3", "below zero"),
        ("edge.object_share=7", "edge.object_share=7 is no share"),
        ("edge.adversary_from=1.5", "no share"),
        ("edge.learning_rate=1" + 400 * "0", "form that it has now"),
        ('edge.shares={"msrs":0}', "no shares"),
        ('edge.shares={"msrs":"all"}', "form that it has now"),
    ],
)
def test_bad_setting_is_refused(
    setting: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "--dry-run", "--set", setting) == 1
    assert said in capsys.readouterr().err


def test_whole_numbers_are_numbers_and_the_last_setting_counts() -> None:
    configs = configure({"edge": EdgeConfig()}, ["edge.contrast_kelvin=8", "edge.batch=2", "edge.batch=4"])
    assert (configs["edge"].contrast_kelvin, configs["edge"].batch) == (8, 4)


def test_a_later_stage_of_other_settings_is_refused_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path / "edge", {"batch": 6})
    TrainState({}).save(tmp_path / "edge")
    words = ("--data", str(data), "--out", str(tmp_path), "--set", "edge.batch=2")
    assert run_command(monkeypatch, *words) == 1
    assert "batch was 6, now 2" in capsys.readouterr().err
    assert not (tmp_path / "segmenter").exists()


def test_a_batch_of_a_later_stage_that_cannot_be_shared_is_refused_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("train.runtime.processes", lambda: 4)
    assert run_command(monkeypatch, "--data", str(data), "--out", str(tmp_path)) == 1
    assert "edge.batch=6 cannot be shared by 4 processes" in capsys.readouterr().err
    assert not (tmp_path / "segmenter").exists()


def test_a_later_stage_of_another_start_is_refused_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path / "edge", json.loads(json.dumps(asdict(EdgeConfig()))))
    TrainState({}).save(tmp_path / "edge")
    words = ("--data", str(data), "--out", str(tmp_path), "--init", "street")
    assert run_command(monkeypatch, *words) == 1
    assert "start was None" in capsys.readouterr().err
    assert not (tmp_path / "segmenter").exists()


def test_a_start_without_a_later_stages_graph_is_refused_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Bundle.open("street").manifest
    graphs = replace(manifest.graphs, labeller=None)
    bare = SimpleNamespace(open=lambda name: Bundle(Bundle.open(name).path, replace(manifest, graphs=graphs)))
    monkeypatch.setattr("train.command.Bundle", bare)
    words = ("--data", str(data), "--out", str(tmp_path), "--init", "street")
    assert run_command(monkeypatch, *words) == 1
    assert "lacks a graph whose weights are needed" in capsys.readouterr().err
    assert not (tmp_path / "segmenter").exists()


def test_a_share_for_a_set_without_thermal_is_refused_before_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    colours = tmp_path / "data" / "camvid"
    with DatasetWriter(
        colours, name="camvid", classes=STREET_CLASSES, thermal=None, source="tests", licence="none"
    ) as writer:
        rgb, labels = np.zeros((96, 128, 3), np.uint8), np.zeros((96, 128), np.uint8)
        writer.add("train", "frame", rgb, labels=labels, frame=FrameSpec(label_source="true"))
    words = ["--data", str(colours.parent), "--out", str(tmp_path / "run")]
    shares = ["--set", 'segmenter.shares={"camvid":1}', "--set", 'edge.shares={"camvid":1}']
    assert run_command(monkeypatch, *words, *shares, "--set", 'labeller.shares={"camvid":1}') == 1
    assert "camvid has no thermal pictures" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    (tmp_path / "data" / "scenes").symlink_to(data / "scenes")
    left_out = open_sets(colours.parent, {"camvid": 0, "scenes": 1})
    assert list(left_out) == ["scenes"]


def test_absent_data_is_an_error_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "segmenter", "--data", str(tmp_path), "--out", str(tmp_path / "run")) == 1
    assert "python -m train prepare" in capsys.readouterr().err


def test_scenes_are_a_dataset_in_kelvin(data: Path) -> None:
    dataset = Dataset.open(data / "scenes")
    sample = dataset.sample(dataset.stems("train")[0])
    assert sample.thermal_kelvin is not None
    assert 240 < sample.thermal_kelvin.min() < sample.thermal_kelvin.max() < 360
    assert sample.label_source == "true"


def test_no_street_is_in_two_splits(tmp_path: Path) -> None:
    prepare_scenes(tmp_path / "scenes", train=4, val=4, size=(96, 128))
    dataset = Dataset.open(tmp_path / "scenes")
    train, val = ({dataset.spec.frames[s].sequence for s in dataset.stems(x)} for x in ("train", "val"))
    assert (len(dataset.stems("train")), len(dataset.stems("val"))) == (4, 4)
    assert not train & val
    assert all(int(street) >= HELD_OUT for street in val)


def test_scenes_never_overwrite(data: Path) -> None:
    with pytest.raises(ThermalSDKError):
        prepare_scenes(data / "scenes", train=1, val=0, size=(96, 128))


def test_a_run_that_starts_from_a_bundle_says_so(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("labeller", "--data", str(data), "--out", str(tmp_path), "--init", "street")
    # A warm-up step moves every weight by less than a thousandth.
    settings = (*small_settings("labeller"), "--set", "labeller.steps=1")
    assert run_command(monkeypatch, *words, *settings) == 0
    record = json.loads((tmp_path / "labeller" / "config.json").read_text())
    assert record["start"]["bundle"] == "street"
    assert record["start"]["training"]["steps"] > 0
    network = Labeller(STREET_CLASSES, 283.15, 20.0, pretrained=False)
    expected = {k: v.clone() for k, v in network.state_dict().items()}
    load_module(tmp_path / "labeller", "labeller_ema", network)
    street = Bundle.open("street")
    reference = Labeller(STREET_CLASSES, 283.15, 20.0, pretrained=False)
    load_graph_weights(street, street.manifest.graphs.labeller, reference)
    for name, value in network.state_dict().items():
        assert torch.allclose(value, reference.state_dict()[name], atol=1e-3), name
    assert not torch.allclose(network.state_dict()["head.weight"], expected["head.weight"])


def test_an_unknown_bundle_to_start_from_is_an_error(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "--data", str(data), "--out", str(tmp_path), "--init", "nowhere") == 1
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "segmenter").exists()


@pytest.mark.slow
def test_another_preset_is_trained_by_the_same_command_and_exported(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ["--set", "pix2pix.images=4", "--set", "pix2pix.batch=2", "--set", "pix2pix.size=64"]
    words = ["--preset", "pix2pix", "--data", str(data), "--out", str(tmp_path / "run"), *small]
    assert run_command(monkeypatch, *words) == 0
    assert (tmp_path / "run" / "pix2pix" / "checkpoint.safetensors").exists()
    out = export_method(tmp_path / "run" / "pix2pix", tmp_path / "graphs")
    training = json.loads((out / RECORD).read_text())["training"]
    assert training["images"] == 4
    assert [(entry["name"], entry["frames"]) for entry in training["data"]] == [("scenes", 2)]


def test_a_preset_draws_from_the_shares_that_it_is_given(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mine").symlink_to(data / "scenes")
    (tmp_path / "scenes").symlink_to(data / "scenes")
    drawn = []
    monkeypatch.setattr(preset, "train_method", lambda name, frames, *_: drawn.append(frames.mixture))
    words = ("--preset", "paper", "--data", str(tmp_path), "--out", str(tmp_path / "run"))
    with caplog.at_level("INFO"):
        assert run_command(monkeypatch, *words, "--set", 'paper.shares={"mine": 1}') == 0
    assert [dataset.folder for dataset in drawn[0].datasets] == ["mine"]
    assert "also has scenes, not drawn from: name them with --set paper.shares=JSON" in caplog.text


@pytest.mark.parametrize("words", [["--init", "street"], ["--set", "reduced.size=100"]])
def test_what_a_preset_cannot_do_is_refused_before_it_begins(
    words: list[str],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["--preset", "reduced", "--data", str(data), "--out", str(tmp_path / "run"), *words]
    assert run_command(monkeypatch, *command) == 1
    assert "error: " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_options_before_a_stage_hold_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--set", "edge.steps=5", "edge", "--dry-run"])
    assert main() == 0
    assert json.loads(capsys.readouterr().out)["edge"]["steps"] == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "DATA", "--devices", "4", "compare"], "after it: python -m train compare"),
        (["--dry-run", "evaluate"], "after it: python -m train evaluate"),
        (["--out", "OUT", "--dry-run", "downstream"], "after it: python -m train downstream"),
        (["--dry-run", "prepare", "msrs", "SRC", "OUT"], "after it: python -m train prepare"),
        (["--data", "DATA", "scenes", "OUT"], "after it: python -m train scenes"),
        (["--preset", "paper", "segmenter", "--dry-run"], "segmenter is a stage of preset edge"),
    ],
)
def test_what_a_command_would_not_heed_is_refused(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(monkeypatch, *words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--preset", "pix2pix"], ["labeller"]])
def test_settings_of_what_is_not_trained_are_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, *words, "--dry-run", "--set", "edge.batch=3") == 1
    assert f"with a stage of {words[-1]}." in capsys.readouterr().err


@pytest.mark.parametrize("package", ["train", "export"])
def test_what_is_not_installed_is_named_with_what_installs_it(package):
    code = (
        f"import sys, runpy; sys.modules['torch'] = None; runpy.run_module({package!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "torch is not installed here" in done.stderr
    assert "make dev" in done.stderr
    assert "Traceback" not in done.stderr
