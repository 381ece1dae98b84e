"""plan_regions: the native planner against its specification, and what every plan must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thermalsdk import compositing
from thermalsdk.compositing import reference
from thermalsdk.errors import InputError, LabelError, ShapeError

CLASSES = 4
SIZES = (8, 16, 24)


@st.composite
def label_maps(draw):
    """Maps of blocks and single pixels, up to 96x128."""
    shape = (8 * draw(st.integers(1, 12)), 8 * draw(st.integers(1, 16)))
    labels = np.full(shape, draw(st.integers(0, CLASSES - 1)), np.uint8)
    for _ in range(draw(st.integers(0, 6))):
        top, left = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
        height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
        labels[top : top + height, left : left + width] = draw(st.integers(0, CLASSES - 1))
    return labels


@settings(deadline=None)
@given(labels=label_maps(), growth=st.integers(0, 3), overhead=st.integers(0, 200))
def test_native_plan_is_the_specified_one(labels, growth, overhead):
    rules = (CLASSES, growth, overhead, SIZES)
    np.testing.assert_array_equal(
        compositing.plan_regions(labels, *rules), reference.plan_regions(labels, *rules)
    )


@settings(deadline=None)
@given(labels=label_maps(), reduction=st.integers(2, 4))
def test_a_reduced_map_is_planned_in_larger_cells(labels, reduction):
    enlarged = labels.repeat(reduction, axis=0).repeat(reduction, axis=1)
    enlarged[:: 2 * reduction, reduction - 1] = 3  # what lies between the pixels that the networks are shown
    rules = (CLASSES, 1, 20, SIZES, reduction)
    found = compositing.plan_regions(enlarged, *rules)
    np.testing.assert_array_equal(found, reference.plan_regions(enlarged, *rules))
    assert not (found[:, 1:] % (8 * reduction)).any()
    assert 3 in found[:, 0]


@settings(deadline=None)
@given(labels=arrays(np.uint8, (48, 64), elements=st.integers(0, CLASSES - 1)))
def test_noise_is_planned_as_specified(labels):
    rules = (CLASSES, 1, 3, SIZES)
    np.testing.assert_array_equal(
        compositing.plan_regions(labels, *rules), reference.plan_regions(labels, *rules)
    )


@settings(deadline=None)
@given(labels=label_maps(), growth=st.integers(0, 3), overhead=st.integers(0, 200))
def test_cores_share_out_the_class_and_boxes_hold_what_is_seen(labels, growth, overhead):
    height, width = labels.shape
    covered = np.zeros((CLASSES, height, width), int)
    for k, *edges in compositing.plan_regions(labels, CLASSES, growth, overhead, SIZES):
        (top, left, bottom, right), box = edges[:4], edges[4:]
        covered[k, top:bottom, left:right] += 1
        for begin, end, low, high, limit in ((0, 2, top, bottom, height), (1, 3, left, right, width)):
            assert 0 <= box[begin] <= max(0, low - 8 * growth)
            assert min(limit, high + 8 * growth) <= box[end] <= limit
        assert box[2] - box[0] in {8 * size for size in SIZES} | {height}
        assert box[3] - box[1] in {8 * size for size in SIZES} | {width}
    for k in range(CLASSES):
        assert (covered[k][labels == k] == 1).all()
        assert covered[k].max() <= 1


def test_two_far_objects_get_two_boxes_and_dear_runs_one():
    labels = np.zeros((256, 512), np.uint8)
    labels[:16, :16] = labels[-16:, -16:] = 1
    assert sum(compositing.plan_regions(labels, 2, 2, 16, SIZES)[:, 0] == 1) == 2
    assert sum(compositing.plan_regions(labels, 2, 2, 10_000, SIZES)[:, 0] == 1) == 1


def test_bad_maps_are_refused():
    with pytest.raises(ShapeError, match="multiples of 8"):
        compositing.plan_regions(np.zeros((60, 64), np.uint8), 2, 2, 16, SIZES)
    with pytest.raises(ShapeError, match="multiples of 16"):
        compositing.plan_regions(np.zeros((64, 72), np.uint8), 2, 2, 16, SIZES, 2)
    for reduction in (0, 65, 2**29):
        with pytest.raises(InputError, match=f"reduction is {reduction}"):
            compositing.plan_regions(np.zeros((64, 64), np.uint8), 2, 2, 16, SIZES, reduction)
    with pytest.raises(LabelError, match="class 7 of only 2"):
        compositing.plan_regions(np.full((64, 64), 7, np.uint8), 2, 2, 16, SIZES)
