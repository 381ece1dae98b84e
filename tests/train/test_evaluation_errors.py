"""Errors of level, class, object and contrast against hand counts."""

import json
from dataclasses import replace

import numpy as np
import pytest

from train.data import Dataset, ThermalSpec
from train.evaluation import evaluate
from train.evaluation.report import markdown
from train.evaluation.temperature_errors import frame_errors, object_errors, summarise, unit

CENTIKELVIN = ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True)
GAIN = ThermalSpec(kelvin_per_count=0.2, level="per-frame-gain")


@pytest.fixture
def dataset(make_dataset):
    return Dataset.open(make_dataset())


def test_object_errors_by_hand():
    regions = np.zeros((8, 12), np.intp)
    regions[:4, :4], regions[4:, :8], regions[:1, 8:] = 1, 2, 3  # 16, 32 and too few pixels
    truth = np.zeros((8, 12))
    truth[:2, :4] = 2.0  # mean 1, deviation 1
    estimate = np.full((8, 12), 50.0)
    estimate[:4, :4] = 4.0  # mean +3, deviation -1
    estimate[4:, :8] = -1.0  # mean -1, deviation as before
    found = object_errors(regions, truth, estimate)
    assert found == {"object_error": pytest.approx((3 + 1) / 2), "contrast_error": pytest.approx(0.5)}


def test_frames_without_objects_have_no_object_errors():
    values = np.zeros((4, 4))
    assert object_errors(np.zeros((4, 4), np.intp), values, values) == {}


def test_each_class_has_its_own_error(dataset):
    sample = dataset.sample("frame2")
    kelvin = sample.thermal_kelvin + np.where(sample.labels == 2, 2.0, -0.4)
    found = frame_errors(dataset, sample, kelvin)
    # 0.2 K to the count.
    assert found.classes["car"] == pytest.approx({"mae": 10, "bias": 10}, abs=1e-3)
    assert found.classes["road"] == pytest.approx({"mae": 2, "bias": -2}, abs=1e-3)
    assert found.overall["contrast_error"] == pytest.approx(0, abs=1e-3)
    assert 2 < found.overall["object_error"] < 10
    assert found.overall["mae"] > abs(found.overall["bias"])


def test_blurring_is_an_error_of_contrast_alone(dataset):
    sample = dataset.sample("frame2")
    counts = sample.raw_counts.astype(np.float64)
    means = {k: counts[sample.labels == k].mean() for k in np.unique(sample.labels)}
    flat = np.vectorize(means.get)(sample.labels) * 0.2 + 273.15
    found = frame_errors(dataset, sample, flat)
    deviations = [counts[sample.labels == k].std() for k in (1, 2, 3)]
    assert found.overall["contrast_error"] == pytest.approx(np.mean(deviations), rel=0.1)


def test_unreliable_maps_leave_only_the_frame(dataset):
    sample = dataset.sample("frame2")
    for frame in (replace(sample, label_source="unreliable"), replace(sample, labels=None)):
        found = frame_errors(dataset, frame, frame.thermal_kelvin)
        assert set(found.overall) == {"mae", "bias"}
        assert found.classes == {}


def test_unit_of_a_set_that_is_not_radiometric(dataset):
    assert unit(dataset) == "counts"


def test_radiometric_errors_are_in_kelvin(make_dataset):
    dataset = Dataset.open(make_dataset(thermal=CENTIKELVIN))
    errors = evaluate(dataset, lambda sample, given: sample.thermal_kelvin + 1.5, "rgb")["errors"]
    assert errors["unit"] == "kelvin"
    assert errors["model"]["all"]["object_error"]["value"] == pytest.approx(1.5, abs=1e-3)
    assert errors["model"]["classes"]["person"]["bias"]["value"] == pytest.approx(1.5, abs=1e-3)


def test_sets_without_level_have_no_errors(make_dataset):
    dataset = Dataset.open(make_dataset(thermal=GAIN))
    result = evaluate(dataset, lambda sample, given: sample.thermal_kelvin, "rgb")
    assert result["errors"] is None
    assert "by class" not in markdown([result])


def test_summary_by_time_and_class(dataset):
    frames = [
        frame_errors(dataset, dataset.sample(s), dataset.sample(s).thermal_kelvin)
        for s in ("frame2", "frame3")
    ]
    found = summarise(frames)
    assert {name: found[name]["mae"]["count"] for name in ("all", "day", "night")} == {
        "all": 2,
        "day": 1,
        "night": 1,
    }
    assert found["classes"]["car"]["mae"]["count"] == 2
    assert summarise(frames[:1])["night"] is None


def test_errors_stand_beside_the_baselines(dataset):
    result = evaluate(dataset, lambda sample, given: sample.thermal_kelvin, "rgb")
    errors = result["errors"]
    json.dumps(errors, allow_nan=False)
    # Inverted grey is on no thermal scale.
    assert len(errors["baselines"]) == len(result["baselines"]) - 1
    flat = errors["baselines"]["true mean of each component, painted flat"]["all"]
    assert flat["object_error"]["value"] == pytest.approx(0, abs=1e-4)
    assert flat["contrast_error"]["value"] > 1
    report = markdown([result])
    assert "| errors in counts |" in report
    assert "| model, by class, in counts |" in report
