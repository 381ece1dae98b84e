"""Blur: the same bits as the specification."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thermalsdk.compositing import blur, reference

FLOATS = st.floats(-1000, 1000, width=32)


@settings(max_examples=80, deadline=None)
@given(
    values=hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=FLOATS),
    weights=hnp.arrays(np.float32, st.integers(1, 9), elements=st.floats(-1, 1, width=32)),
)
def test_equals_the_specification(values, weights):
    np.testing.assert_array_equal(blur(values, weights), reference.blur(values, weights))


def test_a_point_becomes_its_weights_and_edges_go_on():
    point = np.zeros((7, 9), np.float32)
    point[3, 4] = 1
    weights = np.float32([0.5, 0.2, 0.05])
    line = np.float32([0.05, 0.2, 0.5, 0.2, 0.05])
    np.testing.assert_allclose(blur(point, weights)[1:6, 2:7], np.outer(line, line), rtol=1e-6)
    np.testing.assert_allclose(blur(np.full((3, 2), 7, np.float32), weights), 7, rtol=1e-6)
