"""Protocol `given`: components, their means, and what a synthesizer gets to see."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from train.data import Dataset, DatasetError, FrameSpec, Sample
from train.evaluation.baselines import flat_classes, flat_components
from train.evaluation.metrics import pearson
from train.evaluation.protocols import components, given_inputs, is_scored, region_means


@pytest.fixture
def sample(make_dataset):
    return Dataset.open(make_dataset()).sample("frame0")


def frame_of(ids):
    """A frame with nothing but a map and its thermal."""
    kelvin = np.linspace(280, 300, ids.size, dtype=np.float32).reshape(ids.shape)
    rgb = np.zeros((*ids.shape, 3), np.uint8)
    return Sample("frame", rgb, kelvin, ids, None, False, (), None, ids, None, "pseudo", {})


@settings(deadline=None, max_examples=50)
@given(ids=hnp.arrays(np.uint8, (12, 14), elements=st.sampled_from([0, 3, 255])))
def test_components_are_four_connected_regions_of_one_id(ids):
    regions = components(frame_of(ids))
    assert regions.min() == 1
    for value in np.unique(ids):
        expected, count = ndimage.label(ids == value)
        found = np.where(ids == value, regions, 0)
        pairs = {tuple(pair) for pair in np.stack([expected.ravel(), found.ravel()], 1)}
        assert len(pairs) == count + (not (ids == value).all())


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.int64, (6, 7), elements=st.integers(0, 5)), st.integers(0, 2**32 - 1))
def test_region_means(regions, seed):
    values = np.random.default_rng(seed).normal(290, 10, regions.shape)
    painted = region_means(regions, values)
    for region in np.unique(regions):
        np.testing.assert_allclose(painted[regions == region], values[regions == region].mean())


def test_given_inputs(sample):
    inputs = given_inputs(sample)
    assert (inputs.labels.dtype, inputs.thermal_labels.dtype, inputs.instances.dtype) == (
        np.uint8,
        np.float32,
        np.uint16,
    )
    unsure = sample.labels == 255
    assert (inputs.labels[unsure] == 0).all()
    np.testing.assert_array_equal(inputs.labels[~unsure], sample.labels[~unsure])
    # The unsure corner keeps a mean of its own: it is a component of the raw map.
    assert len(np.unique(inputs.instances[unsure])) == 1
    assert inputs.instances[0, 0] != inputs.instances[0, 10]
    np.testing.assert_allclose(inputs.thermal_labels, flat_components(sample), rtol=1e-6)
    np.testing.assert_allclose(
        inputs.thermal_labels[sample.labels == 2], sample.thermal_kelvin[sample.labels == 2].mean(), rtol=1e-6
    )


def test_components_follow_the_raw_map_not_our_classes(sample):
    raw = np.where(sample.labels == 1, np.uint8(8), sample.source_map)
    raw[60:] = 9
    assert components(replace(sample, source_map=raw)).max() == components(sample).max() + 1


def test_without_maps_labels_are_divided(sample):
    np.testing.assert_array_equal(components(replace(sample, source_map=None)), components(sample))


def test_frames_without_maps_are_refused(sample):
    with pytest.raises(DatasetError, match="no class map"):
        given_inputs(replace(sample, source_map=None, labels=None))
    with pytest.raises(DatasetError, match="lacks labels or thermal"):
        given_inputs(replace(sample, thermal_kelvin=None))


def test_too_many_regions_are_refused():
    checks = (np.indices((300, 300)).sum(0) % 2).astype(np.uint8)
    with pytest.raises(DatasetError, match="90000 regions"):
        given_inputs(frame_of(checks))


@pytest.mark.parametrize(
    ("source", "scored"), [("true", True), ("pseudo", True), ("unreliable", False), (None, False)]
)
def test_which_frames_are_scored(source, scored):
    assert is_scored(FrameSpec(label_source=source), "given") == scored
    assert is_scored(FrameSpec(label_source=source), "rgb")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flat", "day", "night"),
    [
        ("msrs", flat_classes, 0.540, 0.404),
        ("msrs", flat_components, 0.596, 0.531),
        ("roadscene", flat_classes, 0.753, 0.451),
        ("roadscene", flat_components, 0.789, 0.527),
    ],
)
def test_real_maps_give_the_known_correlations(real_validation, name, flat, day, night):
    """Measured by other code: 0.54, 0.59; 0.75 / 0.45, 0.79 / 0.53 (msrs nights without boxes)."""
    dataset = real_validation(name)
    found = {False: [], True: []}
    for stem in dataset.stems("val"):
        frame = dataset.sample(stem)
        found[frame.night].append(pearson(frame.thermal_kelvin.astype(np.float64), flat(frame)))
    assert [np.mean(found[False]), np.mean(found[True])] == pytest.approx([day, night], abs=0.001)
