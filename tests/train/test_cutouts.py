"""People and cars that are cut out of other pictures."""

import numpy as np
import pytest

from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import CAR, PERSON
from train.cutouts import MOST_OBJECTS, open_cutouts
from train.data import Box, DatasetWriter, FrameSpec, ThermalSpec

ROAD = STREET_CLASSES.index("road")
SIZE = (240, 320)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A set of one bright car and one bright person, both of the night, and a bicycle."""
    root = tmp_path_factory.mktemp("data")
    writer = DatasetWriter(
        root / "flir_crops",
        name="flir_crops",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("counts8", level="per-frame-gain"),
        source="tests",
        licence="none",
    )
    rng = np.random.default_rng(0)
    with writer:
        for name, (height, width) in {"car": (60, 90), "person": (120, 50), "bicycle": (60, 60)}.items():
            thermal = np.full((height, width), 20, np.uint8)
            thermal[10:-10, 10:-10] = 200
            thermal[height // 2, width // 2] = 20  # a button of the coat
            writer.add(
                "train",
                name,
                rng.integers(60, 256, (height, width, 3), np.uint8),
                thermal=thermal,
                boxes=[Box(name, 0, 0, width, height)],
                frame=FrameSpec(night=True),
            )
    return root


@pytest.fixture(scope="module")
def cutouts(root):
    return open_cutouts(root)


def street():
    return np.full((*SIZE, 3), 40, np.uint8), np.full(SIZE, ROAD, np.uint8)


def test_bicycles_have_no_class_here(cutouts):
    assert len(cutouts) == 2


def test_a_run_says_that_it_learned_from_them(cutouts):
    said = cutouts.provenance(0.6)
    assert said == {
        "name": "flir_crops",
        "source": "tests",
        "licence": "none",
        "frames": 2,
        "share": 0.6,
    }


def test_a_person_is_its_warm_outline_without_gaps(cutouts):
    labels = next(s.labels for s in cutouts._samples if s.stem == "person")
    assert (labels[12:-12, 12:-12] == PERSON).all()
    assert (labels[:8] == VOID).all()


def test_labels_change_where_the_picture_does(cutouts):
    rgb, labels = street()
    seen = set()
    for seed in range(20):
        picture, pasted = cutouts.paste(np.random.default_rng(seed), rgb, labels)
        inside = pasted != ROAD
        seen |= set(np.unique(pasted[inside]))
        changed = (picture != rgb).any(2)
        assert inside.mean() < 0.5 * MOST_OBJECTS
        # The outline is soft: pixels around the labels may change, and nearly everything inside does.
        assert changed[inside].sum() >= 0.9 * inside.sum()
        grown = np.pad(inside, 5)
        near = np.any([np.roll(grown, (y, x), (0, 1)) for y in range(-5, 6) for x in range(-5, 6)], axis=0)
        assert not changed[~near[5:-5, 5:-5]].any()
    assert seen == {CAR, PERSON}
    assert (rgb == 40).all()
    assert (labels == ROAD).all()


def test_objects_stand_on_the_ground(cutouts):
    rgb, labels = street()
    labels[:] = STREET_CLASSES.index("building")
    for seed in range(10):
        picture, pasted = cutouts.paste(np.random.default_rng(seed), rgb, labels)
        np.testing.assert_array_equal(pasted, labels)
        np.testing.assert_array_equal(picture, rgb)


def test_without_the_set_there_are_none(tmp_path):
    assert open_cutouts(tmp_path) is None
