"""Hot targets and the physics gate on frames whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from train.data import Box, Dataset
from train.evaluation import field, hot_targets, physics_gate
from train.evaluation.hot_targets import BoxContrast, box_contrasts, ring_contrast


@pytest.fixture
def dataset(make_dataset):
    return Dataset.open(make_dataset())


@pytest.fixture
def sample(dataset):
    return dataset.sample("frame0")


def test_ring_contrast_against_masks():
    values = np.random.default_rng(0).normal(size=(40, 50))
    inside = np.zeros((40, 50), bool)
    inside[10:30, 20:28] = True
    ring = np.zeros((40, 50), bool)
    ring[5:35, 18:30] = True
    expected = values[inside].mean() - values[ring & ~inside].mean()
    assert ring_contrast(Box("car", 20, 10, 28, 30), values) == pytest.approx(expected)


def test_ring_is_cut_at_the_frame():
    values = np.zeros((40, 50))
    values[:20, :10] = 7
    assert ring_contrast(Box("car", 0, 0, 10, 20), values) == pytest.approx(7)


def test_too_small_boxes_and_boxes_without_surroundings_are_left_out():
    values = np.zeros((40, 50))
    assert ring_contrast(Box("person", 4, 4, 7, 9), values) is None
    assert ring_contrast(Box("person", 0, 0, 50, 40), values) is None


def test_only_people_and_cars_are_measured(sample):
    frame = replace(sample, boxes=(*sample.boxes, Box("bicycle", 10, 10, 30, 30)))
    truth = sample.raw_counts.astype(np.float64)
    assert [c.name for c in box_contrasts(frame, truth, truth)] == ["car", "person"]


def contrast(stem, truth, estimate, name="car", night=False):
    return BoxContrast(stem, name, night, truth, estimate)


def test_summary_counts_agreement_by_time():
    found = [contrast("a", 5, 1), contrast("a", -5, 2), contrast("b", 9, 3), contrast("c", 1, -1, night=True)]
    summary = hot_targets.summarise(found)
    assert summary["person"] == {"all": None, "day": None, "night": None}
    day = summary["car"]["day"]
    assert day["boxes"] == 3
    assert day["direction"]["value"] == day["always_warmer"] == pytest.approx(2 / 3)
    assert day["rank_correlation"]["value"] == pytest.approx(0.5)
    assert summary["car"]["night"]["rank_correlation"] is None  # of one box
    assert day["median_ratio"] == pytest.approx(2 / 5)
    assert summary["car"]["night"]["direction"]["value"] == 0
    assert summary["car"]["all"]["boxes"] == 4


def test_the_truth_agrees_with_itself(sample):
    truth = sample.raw_counts.astype(np.float64)
    entry = hot_targets.summarise(box_contrasts(sample, truth, truth))["person"]["all"]
    assert entry["direction"]["value"] == entry["median_ratio"] == 1


def test_class_order(sample):
    truth = sample.raw_counts.astype(np.float64)
    assert physics_gate.class_order(sample, truth, truth) == pytest.approx(1)
    assert physics_gate.class_order(sample, truth, -truth) == pytest.approx(-1)
    assert physics_gate.class_order(sample, truth, np.full(truth.shape, 1 / 3)) == 0
    assert physics_gate.class_order(replace(sample, label_source="unreliable"), truth, truth) is None
    assert physics_gate.class_order(replace(sample, labels=None), truth, truth) is None
    two_classes = replace(sample, labels=np.where(sample.labels == 1, np.uint8(1), np.uint8(0)))
    assert physics_gate.class_order(two_classes, truth, truth) is None


def test_luma_difference_exposes_grey(sample):
    truth = sample.raw_counts.astype(np.float64)
    assert physics_gate.luma_difference(sample, truth, truth) == 0
    grey = field.luma(sample.rgb)
    assert physics_gate.luma_difference(sample, truth, grey) > 0.9
    assert physics_gate.luma_difference(sample, truth, -grey) < -0.9


def summary(order, luma):
    values = {"class_order": order, "luma_error": luma, "luma_bias": 0.0}
    return {name: {"value": value} for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("order", "luma", "passed"), [(0.9, 0.1, True), (0.7, 0.1, False), (0.9, 0.2, False), (None, 0.1, True)]
)
def test_gate(order, luma, passed):
    model = {"day": summary(order, luma), "night": None}
    verdict = physics_gate.gate(model, {"day": summary(0.8, 0.3), "night": None})
    assert verdict["passed"] == verdict["day"]["passed"] == passed
    assert verdict["night"] is None


def test_gate_needs_both_times():
    model = {"day": summary(0.9, 0.1), "night": summary(0.9, 0.4)}
    assert not physics_gate.gate(model, {time: summary(0.8, 0.1) for time in ("day", "night")})["passed"]


def test_an_order_without_a_table_to_beat_passes_nothing():
    assert not physics_gate.gate({"day": summary(1.0, 0.1), "night": None}, None)["passed"]
