"""Segmentation scores against hand counts."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from thermalsdk.labels import STREET_CLASSES
from train.data import Dataset, DatasetError, DatasetWriter, FrameSpec
from train.evaluation.command import bundle_segmenter
from train.evaluation.segmentation import (
    confusion_of,
    merge_unlabelled,
    score_segmenter,
    segmentation_markdown,
)

ROAD, BUS, CAR = (STREET_CLASSES.index(name) for name in ("road", "bus", "car"))


class FakeBundle:
    """Sees each of its classes once, in order."""

    def __init__(self, *classes: str) -> None:
        self.info = SimpleNamespace(classes=classes)

    def __call__(self, rgb: np.ndarray) -> SimpleNamespace:
        return SimpleNamespace(labels=np.arange(len(self.info.classes), dtype=np.uint8)[None])


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    labels = np.full((64, 64), ROAD, np.uint8)
    labels[:, 32:] = CAR
    labels[:4] = 255
    with DatasetWriter(
        tmp_path / "set", name="set", classes=STREET_CLASSES, thermal=None, source="test", licence="none"
    ) as writer:
        rgb = np.zeros((64, 64, 3), np.uint8)
        writer.add("test", "a", rgb, labels=labels, frame=FrameSpec(label_source="true"))
    return Dataset.open(tmp_path / "set")


def test_scores_by_hand(dataset: Dataset) -> None:
    def segment(rgb: np.ndarray) -> np.ndarray:
        estimate = np.full(rgb.shape[:2], ROAD, np.uint8)
        # A bus where the set says car: the set has no buses, so it counts as a car.
        estimate[:, 32:48] = BUS
        return estimate

    result = score_segmenter(dataset, segment, "test")
    assert result["pixel_accuracy"] == pytest.approx(0.75)
    assert result["iou"] == pytest.approx({"road": 0.5 / 0.75, "car": 0.5})
    assert result["mean_iou"] == pytest.approx((0.5 / 0.75 + 0.5) / 2)
    assert "| 0.750 | 0.583 |" in segmentation_markdown(result)


def test_classes_that_a_set_lacks_become_their_fall_backs(make_dataset) -> None:
    dataset = Dataset.open(make_dataset())  # background, road, car, person

    segment = bundle_segmenter(FakeBundle("person", "sky", "bus", "road"), dataset)
    names = [dataset.classes[k] for k in segment(np.zeros((1, 4, 3), np.uint8))[0]]
    assert names == ["person", "background", "car", "road"]
    bare = SimpleNamespace(root=dataset.root, classes=("road", "person"))
    with pytest.raises(DatasetError, match="lacks the bundle's class sky"):
        bundle_segmenter(FakeBundle("sky"), bare)


def test_unsure_pixels_do_not_count() -> None:
    truth = np.array([[0, 1, 255]], np.uint8)
    estimate = np.array([[0, 0, 1]], np.uint8)
    assert confusion_of(truth, estimate, 2).tolist() == [[1, 0], [1, 0]]


def test_labelled_buses_stay_buses() -> None:
    confusion = np.eye(len(STREET_CLASSES), dtype=np.int64)
    assert np.array_equal(merge_unlabelled(confusion, STREET_CLASSES), confusion)
