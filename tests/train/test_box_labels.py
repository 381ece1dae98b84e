"""Labels completed by human boxes."""

from dataclasses import replace

import numpy as np

from thermalsdk.labels import STREET_CLASSES, VOID
from train.box_labels import BACKGROUND, CAR, PERSON, correct_by_boxes
from train.data import Box, Sample

ROAD = STREET_CLASSES.index("road")
PERSON_BOX = Box("person", 10, 10, 30, 50)


def frame(labels: np.ndarray, boxes: tuple[Box, ...] | None, thermal: np.ndarray | None = None) -> Sample:
    rgb = np.zeros((*labels.shape, 3), np.uint8)
    return Sample("frame", rgb, thermal, labels, None, True, boxes, None, None, None, "pseudo", {})


def street() -> np.ndarray:
    return np.full((64, 96), ROAD, np.uint8)


def test_a_missed_person_gets_the_warm_outline_and_the_rest_of_the_box_is_unsure() -> None:
    thermal = np.full((64, 96), 280.0, np.float32)
    thermal[15:48, 16:24] = 300
    thermal[20:40, 16:24] = 292  # a coat is colder than a face
    labels = correct_by_boxes(frame(street(), (PERSON_BOX,), thermal)).labels
    warm = thermal > 281
    assert (labels[warm] == PERSON).all()
    inside = np.zeros_like(warm)
    inside[10:50, 10:30] = True
    assert (labels[inside & ~warm] == VOID).all()
    assert (labels[~inside] == ROAD).all()


def test_without_an_outline_a_person_is_an_ellipse() -> None:
    flat = np.full((64, 96), 280.0, np.float32)
    for thermal in (flat, None):
        labels = correct_by_boxes(frame(street(), (PERSON_BOX,), thermal)).labels
        part = labels[10:50, 10:30]
        assert set(np.unique(part)) == {PERSON, VOID}
        assert abs((part == PERSON).mean() - np.pi / 4) < 0.03
        assert part[20, 10] == PERSON
        assert part[0, 0] == VOID


def test_a_filled_person_box_is_redrawn_and_a_good_outline_kept() -> None:
    filled = street()
    filled[10:50, 10:30] = PERSON
    assert (correct_by_boxes(frame(filled, (PERSON_BOX,))).labels == VOID).any()
    outlined = street()
    outlined[12:48, 14:26] = PERSON
    assert (correct_by_boxes(frame(outlined, (PERSON_BOX,))).labels == outlined).all()


def test_a_missed_car_is_added_but_not_over_another_vehicle() -> None:
    box = Box("car", 40, 20, 80, 44)
    labels = correct_by_boxes(frame(street(), (box,))).labels
    assert labels[32, 60] == CAR
    assert labels[20, 40] == VOID
    full = street()
    full[20:44, 40:80] = CAR
    assert (correct_by_boxes(frame(full, (box,))).labels == full).all()
    half = street()
    half[20:36, 40:80] = STREET_CLASSES.index("truck")
    assert (correct_by_boxes(frame(half, (box,))).labels == half).all()


def test_people_in_no_box_are_nobody_and_vehicles_there_are_unsure() -> None:
    labels = street()
    labels[12:48, 12:28] = PERSON
    labels[4:12, 60:66] = PERSON  # a lamp
    labels[50:60, 70:90] = CAR
    corrected = correct_by_boxes(frame(labels, (PERSON_BOX,))).labels
    assert (corrected[12:48, 12:28] == PERSON).all()
    assert (corrected[4:12, 60:66] == BACKGROUND).all()
    assert (corrected[50:60, 70:90] == VOID).all()
    assert (correct_by_boxes(frame(labels, ())).labels != PERSON).all()
    # A set without boxes says nothing about who is there.
    assert (correct_by_boxes(frame(labels, None)).labels == labels).all()


def test_a_rider_is_in_the_box_of_a_bicycle() -> None:
    labels = street()
    labels[12:48, 12:28] = PERSON
    boxed = frame(labels, (Box("bicycle", 10, 10, 30, 50),))
    assert (correct_by_boxes(boxed).labels == labels).all()


def test_a_box_that_is_wider_than_high_holds_no_person() -> None:
    labels = correct_by_boxes(frame(street(), (Box("person", 10, 10, 50, 30),))).labels
    assert (labels[10:30, 10:50] == VOID).all()


def test_bicycles_and_frames_without_labels_are_left_alone() -> None:
    sample = frame(street(), (Box("bicycle", 10, 10, 30, 50),))
    assert (correct_by_boxes(sample).labels == ROAD).all()
    bare = Sample("frame", sample.rgb, None, None, None, True, (PERSON_BOX,), None, None, None, None, {})
    assert correct_by_boxes(bare) is bare


def test_the_input_is_not_changed() -> None:
    labels = street()
    correct_by_boxes(frame(labels, (PERSON_BOX,)))
    assert (labels == ROAD).all()


def test_the_sources_finer_map_is_dropped_with_the_labels_that_it_divides() -> None:
    sample = replace(frame(street(), (PERSON_BOX,)), source_map=street())
    assert correct_by_boxes(sample).source_map is None
    assert correct_by_boxes(replace(sample, boxes=None)).source_map is not None
