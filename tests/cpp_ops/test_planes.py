"""Frames and class maps in the form that the networks take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpp_ops.frames import CLASSES, class_maps
from thermalsdk.compositing import (
    class_fractions,
    condition,
    labels_from_logits,
    planes,
    planes_4,
    reference,
)
from thermalsdk.errors import InputError

OFFSET, SCALE = 283.15, 20.0


@settings(max_examples=30, deadline=None)
@given(class_maps())
def test_planes_equal_the_specification(drawn):
    labels, rng = drawn
    rgb = rng.integers(0, 256, (*labels.shape, 3), np.uint8)
    assert np.array_equal(planes(rgb), reference.planes(rgb))


@settings(max_examples=30, deadline=None)
@given(class_maps(multiple=4))
def test_planes_of_cells_equal_the_specification(drawn):
    labels, rng = drawn
    rgb = rng.integers(0, 256, (*labels.shape, 3), np.uint8)
    np.testing.assert_allclose(planes_4(rgb), reference.planes_4(rgb), rtol=1e-6)


def windows(draw, height, width, multiple):
    """Top, left, bottom and right within a plane."""
    top, bottom = sorted(
        draw(st.lists(st.integers(0, height // multiple), min_size=2, max_size=2, unique=True))
    )
    left, right = sorted(
        draw(st.lists(st.integers(0, width // multiple), min_size=2, max_size=2, unique=True))
    )
    return top * multiple, left * multiple, bottom * multiple, right * multiple


@settings(max_examples=60, deadline=None)
@given(class_maps(multiple=4), st.integers(0, CLASSES), st.booleans(), st.data())
def test_conditions_equal_the_specification(drawn, class_id, whole, data):
    labels, rng = drawn
    window = None if whole else windows(data.draw, *labels.shape, multiple=4)
    thermal_labels = rng.uniform(250, 340, labels.shape).astype(np.float32)
    ours = condition(labels, thermal_labels, class_id, OFFSET, SCALE, window)
    expected = reference.condition(labels, thermal_labels, class_id, OFFSET, SCALE, window)
    assert np.array_equal(ours[:2], expected[:2])
    np.testing.assert_allclose(ours[2], expected[2], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("window", [(0, 0, 0, 4), (0, 0, 12, 4), (-4, 0, 4, 4), (0, 8, 4, 4), (0, 0, 6, 4)])
def test_a_window_that_is_none_is_refused(window):
    labels, kelvin = np.zeros((8, 12), np.uint8), np.full((8, 12), OFFSET, np.float32)
    with pytest.raises(InputError, match="window"):
        condition(labels, kelvin, 0, OFFSET, SCALE, window)


def test_the_frame_border_is_no_edge():
    labels = np.full((8, 12), 2, np.uint8)
    kelvin = np.full(labels.shape, OFFSET + SCALE, np.float32)
    mask, edge, temperature = condition(labels, kelvin, 2, OFFSET, SCALE)
    assert (mask == 1).all()
    assert (edge == 0).all()
    np.testing.assert_allclose(temperature, 1, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(class_maps(multiple=4))
def test_fractions_equal_the_specification(drawn):
    labels, _ = drawn
    shares = class_fractions(labels, CLASSES)
    assert np.array_equal(shares, reference.class_fractions(labels, CLASSES))
    assert (shares.sum(axis=0) == 1).all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, CLASSES),
    st.integers(1, 12),
    st.integers(1, 24),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 64]),
)
def test_labels_equal_the_specification(classes, height, width, seed, levels):
    # Few levels make ties, in which the lowest class wins.
    logits = np.random.default_rng(seed).normal(0, 3, (classes, height, width))
    logits = (np.rint(logits * levels) / levels).astype(np.float32)
    assert np.array_equal(labels_from_logits(logits), reference.labels_from_logits(logits))
