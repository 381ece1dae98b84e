"""The composition: equal to its specification, local, true to the temperatures that were set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cpp_ops.frames import CONTRAST_KELVIN, Frame, blocky_labels, frames, random_frame
from thermalsdk.compositing import connected_components, contrast_sums, reference
from thermalsdk.tolerances import COMPOSITE_KELVIN

FEATHER = 2


@settings(max_examples=60, deadline=None)
@given(frames(), st.integers(0, 2**32 - 1))
def test_equals_the_specification_whatever_the_regions(frame, seed):
    regions = frame.cut_regions(np.random.default_rng(seed))
    assert COMPOSITE_KELVIN.accepts(frame.composed(regions) - frame.specified)


@settings(max_examples=20, deadline=None)
@given(frames(), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_bits_do_not_depend_on_threads(frame, threads, seed):
    regions = frame.cut_regions(np.random.default_rng(seed))
    assert np.array_equal(frame.composed(regions, threads), frame.composed(regions))


@settings(max_examples=30, deadline=None)
@given(frames(), st.integers(0, 2**32 - 1))
def test_sums_of_a_region_equal_the_specification(frame, seed):
    regions = frame.cut_regions(np.random.default_rng(seed))
    objects, contrasts = frame.object_map(), frame.packed(regions)
    sums = np.full((len(regions), objects.count), 7, np.float32)
    for index, region in enumerate(regions):
        contrast_sums(objects, regions, index, contrasts, sums)
        expected = reference.contrast_sums(
            frame.labels, frame.objects, region, frame.contrasts[region[0]], frame.feather
        )
        np.testing.assert_allclose(sums[index], expected, rtol=1e-5, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(frames(), st.integers(0, 5), st.floats(-40, 40))
def test_temperatures_of_a_class_reach_no_further_than_its_feather(frame, class_id, step):
    warmer = frame.thermal_labels + np.float32(step) * (frame.labels == class_id)
    before = frame.composed()
    after = frame.replaced(thermal_labels=warmer).composed()
    assert np.array_equal(before[~frame.near(class_id)], after[~frame.near(class_id)])


@settings(max_examples=20, deadline=None)
@given(frames())
def test_contrasts_far_from_their_class_are_not_read(frame):
    poisoned = [
        plane if plane is None else np.where(frame.near(k), plane, np.float32(np.nan))
        for k, plane in enumerate(frame.contrasts)
    ]
    assert np.array_equal(frame.replaced(contrasts=poisoned).composed(), frame.composed())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_objects_of_one_class_have_the_mean_that_was_set(seed):
    rng = np.random.default_rng(seed)
    labels = np.full((40, 72), 3, np.uint8)
    instances = blocky_labels(rng, *labels.shape).astype(np.uint16)
    objects, count = connected_components(labels, instances)
    temperatures = rng.uniform(260, 330, count).astype(np.float32)
    contrast = rng.uniform(-1, 1, labels.shape).astype(np.float32)
    kelvin = Frame(
        labels, [None, None, None, contrast], temperatures[objects], instances=instances
    ).composed()
    means = np.bincount(objects.ravel(), kelvin.ravel()) / np.bincount(objects.ravel())
    np.testing.assert_allclose(means, temperatures, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(frames())
def test_mean_of_an_objects_core_is_the_temperature_that_was_set(frame):
    """R is one temperature per object here; the core is where the feather shows no other class."""
    objects, count = connected_components(frame.labels)
    temperatures = np.random.default_rng(count).uniform(260, 330, count).astype(np.float32)
    whole = frame.replaced(thermal_labels=temperatures[objects])
    core = reference.window_is_uniform(frame.labels, frame.feather)
    pixels = np.bincount(objects[core], minlength=count)
    means = np.bincount(objects[core], whole.composed()[core], count)[pixels > 0]
    np.testing.assert_allclose(means / pixels[pixels > 0], temperatures[pixels > 0], atol=1e-3)


@pytest.mark.parametrize("side", [16, 32, 64])
def test_an_object_on_another_class_has_contrast_around_its_core(side):
    rng = np.random.default_rng(side)
    labels = np.zeros((96, 96), np.uint8)
    labels[8 : 8 + side, 16 : 16 + side] = 1
    mask = labels == 1
    frame = Frame(
        labels,
        [np.zeros(labels.shape, np.float32), rng.uniform(-1, 1, labels.shape).astype(np.float32)],
        np.where(mask, np.float32(305), np.float32(285)),
    )
    flat = frame.replaced(contrasts=[np.zeros(labels.shape, np.float32)] * 2)
    # Along each side at most (5 + 1) / 16 of a pixel shows the class behind, 20 K colder.
    softened = 4 * 6 / 16 / side * 20
    assert 305 - softened <= flat.composed()[mask].mean() <= 305
    inner = np.zeros_like(mask)
    inner[8 + FEATHER : 8 + side - FEATHER, 16 + FEATHER : 16 + side - FEATHER] = True
    contrast = frame.contrasts[1]
    expected = 305 + CONTRAST_KELVIN * (contrast - contrast[inner].mean(dtype=np.float64))
    np.testing.assert_allclose(frame.composed()[inner], expected[inner], atol=1e-4)


def test_a_step_is_as_soft_as_the_window():
    labels = np.repeat(np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.uint8), 6, axis=0)
    zero = np.zeros(labels.shape, np.float32)
    thermal_labels = np.where(labels == 1, np.float32(316), np.float32(300))
    kelvin = Frame(labels, [zero, zero], thermal_labels).composed()
    front = np.array([0, 0, 1, 5, 11, 15, 16, 16]) / 16  # share of class 1 in the windows along the row
    alpha = front / (front + (1 - front) ** 2)
    np.testing.assert_allclose(kelvin[3], 300 + 16 * alpha, atol=1e-4)


def test_the_front_class_hides_the_ones_behind():
    # In the middle column's window a line of class 1 lies between 0 and 2: what 2 leaves free is shared.
    labels = np.repeat(np.array([[0, 0, 1, 2, 2]], np.uint8), 5, axis=0)
    zero = np.zeros(labels.shape, np.float32)
    temperatures = np.array([290, 300, 310], np.float32)
    kelvin = Frame(labels, [zero] * 3, temperatures[labels]).composed()
    cover = np.array([5, 6, 5]) / 16  # of classes 0, 1, 2 in the window of column 2
    alpha = np.array([cover[0] * (1 - cover[1]) * (1 - cover[2]), cover[1] * (1 - cover[2]), cover[2]])
    np.testing.assert_allclose(kelvin[2, 2], (alpha / alpha.sum()) @ temperatures, atol=1e-4)


@pytest.mark.parametrize("width", [15, 33, 70])
def test_more_classes_than_a_word_has_bits(width):
    """Classes are looked for by their number modulo 32."""
    rng = np.random.default_rng(width)
    labels = rng.integers(0, 200, (40, width)).astype(np.uint8)
    labels[8:30, 4:12] = 7
    objects, count = connected_components(labels)
    contrasts = list(rng.uniform(-1, 1, (200, 40, width)).astype(np.float32))
    thermal_labels = rng.uniform(270, 320, count).astype(np.float32)[objects]
    frame = Frame(labels, contrasts, thermal_labels)
    assert COMPOSITE_KELVIN.accepts(frame.composed() - frame.specified)


def test_writes_into_out():
    frame = random_frame(np.random.default_rng(1), blocky_labels(np.random.default_rng(1), 20, 30))
    out = np.empty(frame.labels.shape, np.float32)
    assert frame.composed(out=out) is out
    assert np.array_equal(out, frame.composed())
