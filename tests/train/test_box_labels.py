"""Labels completed by human boxes."""

from dataclasses import replace

import numpy as np

from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import CAR, PERSON, add_boxed_objects
from train.data import Box, Sample

ROAD = STREET_CLASSES.index("road")
PERSON_BOX = Box("person", 10, 10, 30, 50)


def frame(labels: np.ndarray, boxes: tuple[Box, ...], thermal: np.ndarray | None = None) -> Sample:
    rgb = np.zeros((*labels.shape, 3), np.uint8)
    return Sample("frame", rgb, thermal, labels, None, True, boxes, None, None, None, "pseudo", {})


def street() -> np.ndarray:
    return np.full((64, 96), ROAD, np.uint8)


def test_a_missed_person_gets_the_warm_outline_and_the_rest_of_the_box_is_unsure() -> None:
    thermal = np.full((64, 96), 280.0, np.float32)
    thermal[15:48, 16:24] = 300
    thermal[20:40, 16:24] = 292  # a coat is colder than a face
    labels = add_boxed_objects(frame(street(), (PERSON_BOX,), thermal)).labels
    warm = thermal > 281
    assert (labels[warm] == PERSON).all()
    inside = np.zeros_like(warm)
    inside[10:50, 10:30] = True
    assert (labels[inside & ~warm] == VOID).all()
    assert (labels[~inside] == ROAD).all()


def test_without_an_outline_a_person_is_an_ellipse() -> None:
    flat = np.full((64, 96), 280.0, np.float32)
    for thermal in (flat, None):
        labels = add_boxed_objects(frame(street(), (PERSON_BOX,), thermal)).labels
        part = labels[10:50, 10:30]
        assert set(np.unique(part)) == {PERSON, VOID}
        assert abs((part == PERSON).mean() - np.pi / 4) < 0.03
        assert part[20, 10] == PERSON
        assert part[0, 0] == VOID


def test_a_filled_person_box_is_redrawn_and_a_good_outline_kept() -> None:
    filled = street()
    filled[10:50, 10:30] = PERSON
    assert (add_boxed_objects(frame(filled, (PERSON_BOX,))).labels == VOID).any()
    outlined = street()
    outlined[12:48, 14:26] = PERSON
    assert (add_boxed_objects(frame(outlined, (PERSON_BOX,))).labels == outlined).all()


def test_a_missed_car_is_added_but_not_over_another_vehicle() -> None:
    box = Box("car", 40, 20, 80, 44)
    labels = add_boxed_objects(frame(street(), (box,))).labels
    assert labels[32, 60] == CAR
    assert labels[20, 40] == VOID
    full = street()
    full[20:44, 40:80] = CAR
    assert (add_boxed_objects(frame(full, (box,))).labels == full).all()
    half = street()
    half[20:36, 40:80] = STREET_CLASSES.index("truck")
    assert (add_boxed_objects(frame(half, (box,))).labels == half).all()


def test_bicycles_and_frames_without_labels_are_left_alone() -> None:
    sample = frame(street(), (Box("bicycle", 10, 10, 30, 50),))
    assert (add_boxed_objects(sample).labels == ROAD).all()
    bare = Sample("frame", sample.rgb, None, None, None, True, (PERSON_BOX,), None, None, None, None, {})
    assert add_boxed_objects(bare) is bare


def test_the_input_is_not_changed() -> None:
    labels = street()
    add_boxed_objects(frame(labels, (PERSON_BOX,)))
    assert (labels == ROAD).all()


def test_the_sources_finer_map_is_dropped_with_the_labels_that_it_divides() -> None:
    sample = replace(frame(street(), (PERSON_BOX,)), source_map=street())
    assert add_boxed_objects(sample).source_map is None
    assert add_boxed_objects(replace(sample, boxes=())).source_map is not None
