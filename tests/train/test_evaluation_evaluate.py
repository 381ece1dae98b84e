"""The whole evaluation on small sets: the truth, trivial predictors, report, figure and command."""

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from train.data import Dataset, DatasetError, ThermalSpec
from train.evaluation import command, evaluate, field, metrics
from train.evaluation.baselines import CLASS_TABLE, FLAT_COMPONENTS, baselines, flat_components
from train.evaluation.figure import write_figure
from train.evaluation.report import markdown

CENTIKELVIN = ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True)
GAIN = ThermalSpec(kelvin_per_count=0.2, level="per-frame-gain")


def truth(sample, given):
    return sample.thermal_kelvin


@pytest.fixture
def dataset(make_dataset):
    return Dataset.open(make_dataset())


@pytest.mark.parametrize("protocol", ["given", "rgb"])
def test_the_truth_scores_full_marks(dataset, protocol):
    result = evaluate(dataset, truth, protocol)
    assert result["frames"] == 2
    for time in ("all", "day", "night"):
        values = {name: entry["value"] for name, entry in result["model"][time].items()}
        assert [values[name] for name in ("r", "ssim", "class_order")] == pytest.approx([1, 1, 1])
        assert values["psnr"] > 80
        assert [values[name] for name in ("mae", "luma_error")] == pytest.approx([0, 0], abs=1e-3)
    assert result["hot_targets"]["car"]["all"]["direction"]["value"] == 1
    assert set(result["per_frame"]) == {"frame2", "frame3"}
    json.loads(json.dumps(result, allow_nan=False))


def test_given_passes_maps_and_rgb_passes_none(dataset):
    seen = []
    evaluate(dataset, lambda sample, given: seen.append(given) or sample.thermal_kelvin, "rgb")
    evaluate(dataset, lambda sample, given: seen.append(given) or sample.thermal_kelvin, "given")
    assert [given is None for given in seen] == [True, True, False, False]


def test_painting_r_flat_gains_nothing(dataset):
    result = evaluate(dataset, lambda sample, given: given.thermal_labels, "given")
    for time in ("all", "day", "night"):
        assert list(result["gain_over_flat"][time].values()) == pytest.approx([0, 0, 0], abs=1e-4)


def test_baselines_peek_as_their_names_say(dataset):
    rows = {row.name: row for row in baselines(dataset, dataset.stems("val"))}
    sample = dataset.sample("frame2")
    train = np.concatenate([dataset.sample(stem).thermal_kelvin for stem in dataset.stems("train")])
    labels = np.concatenate([dataset.sample(stem).labels for stem in dataset.stems("train")])
    constant = rows["constant (train mean)"].predict(sample)
    assert constant[0, 0] == pytest.approx(train.mean(dtype=np.float64))
    painted = rows[CLASS_TABLE].predict(sample)
    for k in (0, 1, 2, 3, 255):
        np.testing.assert_allclose(painted[sample.labels == k], train[labels == k].mean(dtype=np.float64))
    np.testing.assert_allclose(rows[FLAT_COMPONENTS].predict(sample), flat_components(sample))


def test_inverted_grey_is_fitted_for_psnr_only(dataset):
    grey = next(row for row in baselines(dataset, ()) if row.affine_fit)
    sample = dataset.sample("frame2")
    trivial = evaluate(dataset, truth, "rgb")["baselines"]
    fitted, constant = (trivial[name]["all"] for name in (grey.name, "constant (train mean)"))
    assert fitted["psnr"]["value"] >= constant["psnr"]["value"]
    assert metrics.pearson(grey.predict(sample), field.luma(sample.rgb)) == pytest.approx(-1)


def test_per_frame_gain_has_no_level_measures_and_no_clipping(make_dataset):
    dataset = Dataset.open(make_dataset(thermal=GAIN))
    result = evaluate(dataset, lambda sample, given: sample.thermal_kelvin + 500, "rgb")
    assert {"psnr", "ssim", "mae", "bias"}.isdisjoint(result["model"]["all"])
    assert result["model"]["all"]["r"]["value"] == pytest.approx(1)


def test_radiometric_sets_are_scored_in_kelvin(make_dataset):
    dataset = Dataset.open(make_dataset(thermal=CENTIKELVIN))
    result = evaluate(dataset, lambda sample, given: sample.thermal_kelvin + 1.5, "rgb")
    values = {name: entry["value"] for name, entry in result["model"]["all"].items()}
    assert (
        values["mae_kelvin"] == values["rmse_kelvin"] == values["bias_kelvin"] == pytest.approx(1.5, abs=1e-3)
    )
    assert (values["within_1_kelvin"], values["within_2_kelvin"]) == (0, 1)


def test_unreliable_frames_are_left_out_of_given(make_dataset):
    dataset = Dataset.open(make_dataset(label_source="unreliable"))
    with pytest.raises(DatasetError, match="no frame for protocol 'given'"):
        evaluate(dataset, truth, "given")
    assert "class_order" not in evaluate(dataset, truth, "rgb")["model"]["all"]


def test_sets_that_cannot_be_scored(make_dataset, dataset):
    with pytest.raises(DatasetError, match="split 'test'"):
        evaluate(dataset, truth, "rgb", split="test")
    with pytest.raises(DatasetError, match="shape"):
        evaluate(dataset, lambda sample, given: sample.thermal_kelvin[:-1], "rgb")
    with pytest.raises(DatasetError, match="NaN"):
        evaluate(dataset, lambda sample, given: np.full(sample.rgb.shape[:2], np.nan), "rgb")


def test_sets_without_labels_have_the_two_baselines_that_need_none(make_dataset):
    dataset = Dataset.open(make_dataset(maps=None, label_source=None))
    assert len(evaluate(dataset, truth, "rgb")["baselines"]) == 2


def test_report_always_carries_the_baselines(dataset):
    report = markdown([evaluate(dataset, truth, protocol) for protocol in ("given", "rgb")])
    sections = [section.split("\n\n") for section in report.split("## ")[1:]]
    for row in baselines(dataset, dataset.stems("val")):
        assert [section[1].count(row.name) for section in sections] == [1, 1]
    for words in ("protocol `given`", "protocol `rgb`", "**model**", "gain over painting", "Physics gate"):
        assert words in report
    for table in (part for section in sections for part in section if part.startswith("|")):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1


def test_figure(dataset, tmp_path):
    write_figure(tmp_path / "figure.png", dataset, {"given": truth, "rgb": truth})
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == (5 * 320, 2 * (256 + 16))
    assert [path.name for path in tmp_path.glob("figure*")] == ["figure.png"]


def test_figure_of_frames_without_usable_maps(make_dataset, tmp_path):
    dataset = Dataset.open(make_dataset(label_source="unreliable"))
    write_figure(tmp_path / "figure.png", dataset, {"given": truth, "rgb": truth})
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size[0] == 5 * 320


class FakeSynthesizer:
    """Stands for the SDK: paints the given R, or a constant; remembers what it was called with."""

    def __init__(self, classes):
        self.info = SimpleNamespace(classes=classes)
        self.calls = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __call__(self, rgb, labels=None, instances=None, thermal_labels=None):
        self.calls.append(labels)
        kelvin = np.full(rgb.shape[:2], 285.0, np.float32) if thermal_labels is None else thermal_labels
        return SimpleNamespace(kelvin=kelvin)


def run_command(monkeypatch, dataset, tmp_path, classes):
    fake = FakeSynthesizer(classes)
    monkeypatch.setattr(command.Synthesizer, "load", lambda bundle, threads: fake)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = ["--data", str(dataset.root.parent), "--sets", dataset.folder, "--out", str(tmp_path / "report")]
    assert command.main(parser.parse_args(args)) == 0
    return fake


def test_command(monkeypatch, dataset, tmp_path, capsys):
    fake = run_command(monkeypatch, dataset, tmp_path, ("car", "background", "road", "person"))
    results = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert [result["protocol"] for result in results] == ["given", "rgb"]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "evaluation.json",
        "evaluation.md",
        "small.png",
    ]
    assert "protocol `given`" in capsys.readouterr().out
    # The set calls a car 2, the bundle calls it 0.
    given = next(labels for labels in fake.calls if labels is not None)
    np.testing.assert_array_equal(given == 0, dataset.sample("frame2").labels == 2)


def test_a_set_goes_by_its_folder(monkeypatch, dataset, tmp_path):
    renamed = Dataset.open(dataset.root.rename(tmp_path / "small-again"))
    assert renamed.name == "small"
    run_command(monkeypatch, renamed, tmp_path, ("background", "road", "car", "person"))
    report = tmp_path / "report"
    assert (report / "small-again.png").exists()
    results = json.loads((report / "evaluation.json").read_text())
    assert {result["dataset"] for result in results} == {"small-again"}


def test_command_refuses_a_bundle_without_the_classes(monkeypatch, dataset, tmp_path):
    with pytest.raises(DatasetError, match="no class person"):
        run_command(monkeypatch, dataset, tmp_path, ("background", "road", "car"))


def test_command_refuses_a_set_without_frames_before_it_scores_any(monkeypatch, dataset, make_dataset):
    monkeypatch.setattr(command.Synthesizer, "load", None)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = ["--data", str(dataset.root.parent), "--sets", dataset.root.name, "--split", "test"]
    with pytest.raises(DatasetError, match="split 'test' has no frame"):
        command.main(parser.parse_args(words))


def test_16_bit_frames_colder_than_the_nominal_scale_are_told_apart(make_dataset):
    thermal = ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True)
    dataset = Dataset.open(make_dataset(thermal=thermal))
    cold, colder = (field.counts(dataset, np.full((4, 4), kelvin)) for kelvin in (250.0, 240.0))
    np.testing.assert_allclose(cold - colder, 50.0)
