"""Tables: the same bits as the specification, exact where the function is linear, and whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thermalsdk.compositing import interpolate, reference, take
from thermalsdk.errors import ShapeError

POSITIONS = st.one_of(
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), st.floats(-50, 450, width=32), st.floats(width=32)
)


@settings(max_examples=80, deadline=None)
@given(
    positions=hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=POSITIONS
    ),
    table=hnp.arrays(np.float32, st.integers(2, 60), elements=st.floats(-1000, 1000, width=32)),
    low=st.floats(-100, 300, width=32),
    step=st.floats(0.0625, 20, width=32),
)
def test_equals_the_specification(positions, table, low, step):
    with np.errstate(over="ignore"):
        expected = reference.interpolate(positions, table, low, step)
    np.testing.assert_array_equal(interpolate(positions, table, low, step), expected)


def test_entries_are_met_and_ends_go_on():
    table = np.float32([5, 7, -3, 2])
    positions = np.float32([[9, 10, 12, 14, 16, 99, 11, np.nan]])
    np.testing.assert_array_equal(interpolate(positions, table, 10.0, 2.0)[0], [5, 5, 7, -3, 2, 2, 6, 5])


@pytest.mark.parametrize("entry", [np.float32, np.uint8])
@pytest.mark.parametrize(("index", "count"), [(np.uint8, 256), (np.uint16, 65536)])
def test_entries_of_every_index(index, count, entry):
    rng = np.random.default_rng(0)
    table = rng.integers(0, 256, count).astype(entry)
    indices = rng.permutation(count).astype(index).reshape(16, -1)
    found = take(indices, table)
    assert found.dtype == entry
    np.testing.assert_array_equal(found, reference.take(indices, table))
    with pytest.raises(ShapeError, match="table"):
        take(indices, table[:-1])
