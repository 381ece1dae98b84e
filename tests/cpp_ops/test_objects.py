"""Objects and their means."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpp_ops.frames import class_maps
from thermalsdk.compositing import ObjectMap, connected_components, object_means, paint, reference


@settings(max_examples=60, deadline=None)
@given(class_maps())
def test_components_equal_the_specification(drawn):
    labels, _ = drawn
    objects, count = connected_components(labels)
    expected, expected_count = reference.connected_components(labels)
    assert count == expected_count
    assert np.array_equal(objects, expected)


@settings(max_examples=40, deadline=None)
@given(class_maps(), st.integers(1, 65536))
def test_instances_equal_the_specification(drawn, highest):
    labels, rng = drawn
    instances = rng.integers(0, highest, labels.shape).astype(np.uint16)
    objects, count = connected_components(labels, instances)
    expected, expected_count = reference.connected_components(labels, instances)
    assert count == expected_count
    assert np.array_equal(objects, expected)


def test_neighbours_touch_by_their_sides_only():
    labels = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0]], np.uint8)
    objects, count = connected_components(labels)
    assert objects.tolist() == [[0, 1, 2], [3, 2, 2], [3, 3, 3]]
    assert count == 4


def test_an_instance_in_two_pieces_is_one_object():
    labels = np.array([[5, 0, 5], [5, 0, 5]], np.uint8)
    instances = np.array([[7, 0, 7], [7, 0, 8]], np.uint16)
    objects, count = connected_components(labels, instances)
    assert objects.tolist() == [[0, 1, 0], [0, 1, 2]]
    assert count == 3


def test_teeth_that_meet_in_the_last_row_are_one_object():
    labels = np.zeros((9, 41), np.uint8)
    labels[:, ::2] = 1
    labels[-1] = 1
    objects, count = connected_components(labels)
    assert (objects[labels == 1] == 0).all()
    assert count == 21


@settings(max_examples=40, deadline=None)
@given(class_maps(), st.sampled_from([1, 2, 3, 8]), st.integers(0, 4))
def test_means_equal_the_specification(drawn, stride, feather):
    labels, rng = drawn
    height, width = labels.shape
    values = rng.uniform(250, 340, (-(-height // stride), -(-width // stride))).astype(np.float32)
    objects = ObjectMap(feather)
    objects.analyse(labels)
    expected = reference.object_means(objects.ids(), values, stride)
    np.testing.assert_allclose(object_means(objects, values, stride), expected, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(class_maps(), st.integers(0, 4))
def test_painting_equals_the_specification(drawn, feather):
    labels, rng = drawn
    objects = ObjectMap(feather)
    objects.analyse(labels)
    values = rng.uniform(250, 340, objects.count).astype(np.float32)
    assert np.array_equal(paint(objects, values), reference.paint(objects.ids(), values))


@settings(max_examples=40, deadline=None)
@given(class_maps(), class_maps(), st.integers(0, 4))
def test_a_map_is_analysed_as_if_none_had_been_before(first, second, feather):
    objects = ObjectMap(feather)
    for labels, rng in (first, second):
        instances = rng.integers(0, 3, labels.shape).astype(np.uint16)
        for ids in (None, instances):
            objects.analyse(labels, ids)
            expected, count = reference.connected_components(labels, ids)
            assert objects.count == count
            assert np.array_equal(objects.ids(), expected)
