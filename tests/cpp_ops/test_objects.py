"""Objects and their means."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpp_ops.frames import class_maps
from thermalsdk.compositing import connected_components, object_means, paint, reference


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
@given(class_maps(), st.sampled_from([1, 2, 3, 8]), st.integers(0, 3))
def test_means_equal_the_specification(drawn, stride, absent):
    labels, rng = drawn
    objects, count = connected_components(labels)
    height, width = labels.shape
    values = rng.uniform(250, 340, (-(-height // stride), -(-width // stride))).astype(np.float32)
    means = object_means(objects, count + absent, values, stride)
    np.testing.assert_allclose(
        means, reference.object_means(objects, count + absent, values, stride), rtol=1e-6
    )
    assert np.isnan(means[count:]).all()
    assert not np.isnan(means[:count]).any()


@settings(max_examples=40, deadline=None)
@given(class_maps())
def test_painting_equals_the_specification(drawn):
    labels, rng = drawn
    objects, count = connected_components(labels)
    values = rng.uniform(250, 340, count).astype(np.float32)
    assert np.array_equal(paint(objects, values), reference.paint(objects, values))
