"""Large frames are seen by the networks at a size that they know, and composed at their own."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermalsdk import Synthesizer, Temperatures, compositing
from thermalsdk.bundle import shipped_bundles
from thermalsdk.compositing import reference
from thermalsdk.errors import OptionError
from thermalsdk.reduction import picked, reduced, reduction, repeated
from thermalsdk.scenes import SCENE_IDS, StreetScene


@pytest.mark.parametrize(
    ("size", "factor"),
    [((64, 64), 1), ((480, 640), 1), ((512, 512), 1), ((720, 1280), 2), ((1920, 1080), 3), ((3000, 4000), 7)],
)
def test_usual_sizes(size, factor):
    assert reduction(size, 420) == factor
    assert reduction(size, 10_000) == 1


@given(st.integers(64, 10_000), st.integers(64, 10_000))
def test_what_is_seen_is_a_frame_too(side, known):
    factor = reduction((side, 12_000), known)
    assert 1 <= factor <= 64
    assert side / factor >= 64


@given(st.integers(64, 200), st.integers(64, 200), st.integers(1, 7))
def test_what_is_reduced_covers_what_it_was(height, width, factor):
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    small = reduced(rgb, factor)
    labels = picked(rgb[..., 0], factor)
    assert small.shape[:2] == labels.shape == (-(-height // factor), -(-width // factor))
    np.testing.assert_array_equal(repeated(labels, factor)[:height:factor, :width:factor], labels)
    square = rgb[:factor, :factor].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(small[0, 0], square, atol=0.5)
    middle = np.minimum(np.array(small.shape[:2]) * factor - factor + factor // 2, (height - 1, width - 1))
    assert labels[-1, -1] == rgb[middle[0], middle[1], 0]


def test_the_class_map_of_a_large_frame_is_that_of_the_reduced_one(synth):
    rgb = np.random.default_rng(1).integers(0, 256, (641, 850, 3), np.uint8)
    rgb[200:500, 300:] //= 4
    labels = synth(rgb).labels
    assert len(np.unique(labels)) > 1
    small = synth(reduced(rgb, 2)).labels
    np.testing.assert_array_equal(labels, repeated(small, 2)[:641, :850])


def test_networks_see_frames_at_the_resolution_that_is_asked_for(tiny_bundle, synth, rgb, labels):
    rgb, labels = np.tile(rgb, (2, 2, 1)), np.tile(labels, (2, 2))
    assert min(labels.shape) == 192
    with Synthesizer.load(tiny_bundle, processing_resolution=96) as halved:
        assert (synth.info.processing_resolution, halved.info.processing_resolution) == (420, 96)
        frame = halved(rgb, labels=labels)
        np.testing.assert_array_equal(halved(rgb).labels[::2, ::2], synth(reduced(rgb, 2)).labels)
        with pickle.loads(pickle.dumps(halved)) as again:  # noqa: S301, its own
            np.testing.assert_array_equal(again(rgb, labels=labels).kelvin, frame.kelvin)
    assert frame.kelvin.shape == labels.shape
    assert np.abs(frame.kelvin - synth(rgb, labels=labels).kelvin).max() > 0.1


@pytest.mark.parametrize("wrong", [63, 0, -1, "240", 240.0])
def test_what_is_no_resolution_is_refused(tiny_bundle, wrong):
    with pytest.raises(OptionError, match="processing_resolution is"):
        Synthesizer.load(tiny_bundle, processing_resolution=wrong)


def test_the_command_line_takes_it(run):
    code, out, _ = run("info", "--processing-resolution", "240", "--json")
    assert code == 0
    assert json.loads(out)["processing_resolution"] == 240
    code, _, err = run("info", "--processing-resolution", "48")
    assert code == 1
    assert "processing_resolution is 48" in err


@pytest.fixture(scope="module")
def halves():
    """A large frame of two classes side by side, and its class map."""
    rgb = np.random.default_rng(2).integers(0, 256, (640, 864, 3), np.uint8)
    rgb[:, 432:] //= 3
    labels = np.repeat(np.array([2, 8], np.uint8), 432)[np.newaxis] + np.zeros((640, 1), np.uint8)
    return rgb, labels


def test_temperatures_of_a_large_frame_are_those_of_the_reduced_one(synth, halves):
    rgb, labels = halves
    large = synth(rgb, labels=labels).thermal_labels
    small = synth(reduced(rgb, 2), labels=picked(labels, 2)).thermal_labels
    assert abs(small[0, 0] - small[0, -1]) > 0.05
    np.testing.assert_allclose(large[0, [0, -1]], small[0, [0, -1]], atol=1e-3)


def test_contrasts_of_a_large_frame_are_those_of_the_reduced_one(synth, halves):
    rgb, labels = halves
    means = np.where(labels == 2, 285.0, 300.0).astype(np.float32)
    large = synth(rgb, labels=labels, thermal_labels=means).kelvin
    small = synth(reduced(rgb, 2), labels=picked(labels, 2), thermal_labels=picked(means, 2)).kelvin
    expected = compositing.enlarge(small, 2)
    for inside in (np.s_[8:-8, 8:420], np.s_[8:-8, 444:-8]):
        assert np.ptp(large[inside]) > 0.1
        difference = large[inside] - expected[inside]
        np.testing.assert_allclose(difference, difference.mean(), atol=1e-3)  # means of cores, which differ


@pytest.fixture(scope="module")
def street():
    """The shipped bundle, and a street of an odd size that is seen at a third of it."""
    if "street" not in shipped_bundles():
        pytest.skip("no shipped bundle")
    scene = StreetScene(3, 1055, 1100).render(1.0)
    with Synthesizer.load("street", device="cpu") as synth:
        yield synth, scene


def test_cores_of_a_large_frame_have_the_temperature_that_was_set(street):
    synth, scene = street
    wanted = Temperatures(ambient=283.15, classes={"car": 300.0, "person": 305.0})
    frame = synth(scene.rgb, labels=scene.labels, label_ids=SCENE_IDS, temperatures=wanted)
    ids, _ = compositing.connected_components(frame.labels)
    core = reference.window_is_uniform(frame.labels, 2)
    assert len(np.unique(ids[core])) > 20
    for number in np.unique(ids[core]):
        of_it = core & (ids == number)
        assert frame.kelvin[of_it].mean(dtype=np.float64) == pytest.approx(
            frame.thermal_labels[of_it][0], abs=2e-3
        )


def test_a_class_of_a_large_frame_changes_no_other_ones_pixels(street):
    synth, scene = street
    frames = [
        synth(
            scene.rgb,
            labels=scene.labels,
            label_ids=SCENE_IDS,
            temperatures=Temperatures(ambient=283.15, classes={"car": kelvin}),
        )
        for kelvin in (290.0, 310.0)
    ]
    car = frames[0].labels == list(synth.info.classes).index("car")
    near = compositing.blur(car.astype(np.float32), np.full(3, 0.2, np.float32)) > 0
    changed = frames[0].kelvin != frames[1].kelvin
    assert changed[car].mean() > 0.9
    assert not changed[~near].any()
