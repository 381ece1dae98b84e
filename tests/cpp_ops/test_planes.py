"""Frames and class maps in the form that the networks take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpp_ops.frames import CLASSES, class_maps
from thermalsdk.compositing import (
    class_fractions,
    conditions,
    labels_from_logits,
    planes,
    planes_4,
    reference,
)
from thermalsdk.errors import LabelError

OFFSET, SCALE = 283.15, 20.0
THREADS = st.integers(1, 3)


@settings(max_examples=30, deadline=None)
@given(class_maps(), THREADS)
def test_planes_equal_the_specification(drawn, threads):
    labels, rng = drawn
    rgb = rng.integers(0, 256, (*labels.shape, 3), np.uint8)
    assert np.array_equal(planes(rgb, threads), reference.planes(rgb))


@settings(max_examples=30, deadline=None)
@given(class_maps(multiple=4), THREADS)
def test_planes_of_cells_equal_the_specification(drawn, threads):
    labels, rng = drawn
    rgb = rng.integers(0, 256, (*labels.shape, 3), np.uint8)
    np.testing.assert_allclose(planes_4(rgb, threads), reference.planes_4(rgb), rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(class_maps(multiple=4), THREADS)
def test_conditions_equal_the_specification(drawn, threads):
    labels, rng = drawn
    thermal_labels = rng.uniform(250, 340, labels.shape).astype(np.float32)
    ours = conditions(labels, thermal_labels, CLASSES + 1, OFFSET, SCALE, threads)
    expected = reference.conditions(labels, thermal_labels, CLASSES + 1, OFFSET, SCALE)
    assert np.array_equal(ours[:, :2], expected[:, :2])
    np.testing.assert_allclose(ours[:, 2], expected[:, 2], rtol=1e-6, atol=1e-6)


def test_what_a_layer_is_not_told_does_not_matter():
    labels = np.tile(np.array([0, 1], np.uint8), (8, 6))
    kelvin = np.where(labels == 0, 300, np.nan).astype(np.float32)
    told, spoilt = conditions(labels, kelvin, 2, OFFSET, SCALE)
    assert np.isfinite(told).all()
    assert np.isnan(spoilt[2]).all()


def test_conditions_replace_what_the_memory_held():
    labels, kelvin = np.zeros((8, 12), np.uint8), np.full((8, 12), OFFSET, np.float32)
    out = np.full((2, 3, 2, 3), 7, np.float32)
    assert conditions(labels, kelvin, 2, OFFSET, SCALE, out=out) is out
    assert (out[0, 0] == 1).all()
    assert (out[1] == 0).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_label_beyond_the_classes_is_refused(threads):
    labels, kelvin = np.zeros((64, 64), np.uint8), np.full((64, 64), OFFSET, np.float32)
    labels[33, 21] = 2
    with pytest.raises(LabelError, match="class 2 of only 2"):
        conditions(labels, kelvin, 2, OFFSET, SCALE, threads)


def test_the_frame_border_is_no_edge():
    labels = np.full((8, 12), 2, np.uint8)
    kelvin = np.full(labels.shape, OFFSET + SCALE, np.float32)
    mask, edge, temperature = conditions(labels, kelvin, 3, OFFSET, SCALE)[2]
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
    THREADS,
)
def test_labels_equal_the_specification(classes, height, width, seed, levels, threads):
    # Few levels make ties, in which the lowest class wins.
    logits = np.random.default_rng(seed).normal(0, 3, (classes, height, width))
    logits = (np.rint(logits * levels) / levels).astype(np.float32)
    assert np.array_equal(labels_from_logits(logits, threads), reference.labels_from_logits(logits))
