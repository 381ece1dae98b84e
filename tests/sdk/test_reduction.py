"""Large frames are segmented, and their temperatures predicted, at a size that the networks know."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermalsdk.reduction import enlarged, reduced, reduced_labels, reduction


@pytest.mark.parametrize(
    ("size", "factor"),
    [((64, 64), 1), ((480, 640), 1), ((512, 512), 1), ((720, 1280), 2), ((1080, 1920), 3), ((3000, 4000), 7)],
)
def test_usual_sizes(size, factor):
    assert reduction(size) == factor


@given(st.integers(64, 200), st.integers(64, 200), st.integers(1, 7))
def test_what_is_reduced_covers_what_it_was(height, width, factor):
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    small = reduced(rgb, factor)
    labels = reduced_labels(rgb[..., 0], factor)
    assert small.shape[:2] == labels.shape == (-(-height // factor), -(-width // factor))
    np.testing.assert_array_equal(enlarged(labels, factor)[:height:factor, :width:factor], labels)
    square = rgb[:factor, :factor].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(small[0, 0], square, atol=1.0)  # Pillow sums in fixed point


def test_the_class_map_of_a_large_frame_is_that_of_the_reduced_one(synth):
    rgb = np.random.default_rng(1).integers(0, 256, (641, 850, 3), np.uint8)
    rgb[200:500, 300:] //= 4
    labels = synth(rgb).labels
    assert len(np.unique(labels)) > 1
    small = synth(reduced(rgb, 2)).labels
    np.testing.assert_array_equal(labels, enlarged(small, 2)[:641, :850])


def test_temperatures_of_a_large_frame_are_those_of_the_reduced_one(synth):
    rgb = np.random.default_rng(2).integers(0, 256, (640, 864, 3), np.uint8)
    rgb[:, 432:] //= 3
    labels = np.repeat(np.array([2, 8], np.uint8), 432)[np.newaxis] + np.zeros((640, 1), np.uint8)
    large = synth(rgb, labels=labels).thermal_labels
    small = synth(reduced(rgb, 2), labels=reduced_labels(labels, 2)).thermal_labels
    assert abs(small[0, 0] - small[0, -1]) > 0.05
    np.testing.assert_allclose(large[0, [0, -1]], small[0, [0, -1]], atol=1e-3)
