"""Temperatures as integers: the same bits as the specification, whatever the input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thermalsdk.compositing import agc_linear, raw16, reference

SPECIAL = [np.nan, np.inf, -np.inf, -1.0, 0.0, 655.35, 655.36, 1e30, 273.155, 300.005, 300.015]


def temperatures():
    """Frames of any float32 that does not overflow when scaled, and of values that are easy to get wrong."""
    values = st.one_of(
        st.sampled_from(SPECIAL), st.floats(-100, 700, width=32), st.floats(-(2.0**100), 2.0**100, width=32)
    )
    return hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24), elements=values
    )


@settings(max_examples=60, deadline=None)
@given(temperatures())
def test_raw16_equals_the_specification(kelvin):
    assert np.array_equal(raw16(kelvin), reference.raw16(kelvin))


@settings(max_examples=60, deadline=None)
@given(temperatures(), st.floats(0, 320, width=32), st.floats(0.125, 200, width=32))
def test_agc_equals_the_specification(kelvin, low, span):
    assert np.array_equal(agc_linear(kelvin, low, low + span), reference.agc_linear(kelvin, low, low + span))


def test_raw16_of_every_count():
    counts = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(raw16(counts.astype(np.float32) / np.float32(100)), counts)


@pytest.mark.parametrize(
    ("kelvin", "count"), [(np.nan, 0), (-5.0, 0), (1e9, 65535), (0.125, 12), (0.375, 38), (300.0, 30000)]
)
def test_raw16_saturates_and_rounds_half_to_even(kelvin, count):
    assert raw16(np.full((1, 1), kelvin, np.float32))[0, 0] == count
