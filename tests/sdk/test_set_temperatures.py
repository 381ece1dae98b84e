"""What a user sets is what a frame has: kelvin of objects, apparent of surfaces, and through a camera."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad
from scipy.optimize import brentq

from thermalsdk import Camera, ScenePrior, Temperatures, compositing
from thermalsdk.camera.files import read_preset
from thermalsdk.compositing.reference import window_is_uniform, windowed
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.video import open_source

FEATHER = 2
SIZE = (96, 128)
KELVIN = st.floats(230.0, 420.0)
CLASS = st.sampled_from(STREET_CLASSES)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def street_maps(draw):
    """A class map of rectangles, and an instance map that numbers them."""
    labels = np.full(SIZE, draw(st.integers(0, len(STREET_CLASSES) - 1)), np.uint8)
    instances = np.zeros(SIZE, np.uint16)
    for number in range(draw(st.integers(1, 6))):
        top, left = draw(st.integers(0, SIZE[0] - 12)), draw(st.integers(0, SIZE[1] - 12))
        box = np.s_[top : top + draw(st.integers(6, 60)), left : left + draw(st.integers(6, 60))]
        labels[box] = draw(st.integers(0, len(STREET_CLASSES) - 1))
        instances[box] = 100 + number
    return labels, instances


@QUICK
@given(
    maps=street_maps(),
    ambient=KELVIN,
    classes=st.dictionaries(CLASS, KELVIN),
    instances=st.dictionaries(st.integers(99, 106), KELVIN),
)
def test_the_mean_of_every_core_is_what_was_set(synth, rgb, maps, ambient, classes, instances):
    labels, ids = maps
    temperatures = Temperatures(ambient=ambient, classes=classes, instances=instances)
    frame = synth(rgb, labels=labels, instances=ids, temperatures=temperatures)
    objects, count = compositing.connected_components(labels, ids)
    core = window_is_uniform(labels, FEATHER)
    for number in range(count):
        inside = core & (objects == number)
        if inside.any():
            name, key = STREET_CLASSES[labels[inside][0]], int(ids[inside][0])
            wanted = instances.get(key, classes.get(name, ambient))
            assert frame.kelvin[inside].mean(dtype=np.float64) == pytest.approx(wanted, abs=0.3)


@QUICK
@given(maps=street_maps(), name=CLASS, before=KELVIN, after=KELVIN)
def test_a_class_changes_nothing_outside_its_feather(synth, rgb, maps, name, before, after):
    labels, _ = maps
    kelvin = [
        synth(rgb, labels=labels, temperatures=Temperatures(ambient=290.0, classes={name: value})).kelvin
        for value in (before, after)
    ]
    outside = windowed(labels == STREET_CLASSES.index(name), FEATHER) == 0
    np.testing.assert_array_equal(kelvin[0][outside], kelvin[1][outside])


def planck(kelvin, low_um, high_um):
    def spectral(wavelength):
        exponent = constants.h * constants.c / (wavelength * constants.k * kelvin)
        return 2 * constants.h * constants.c**2 / wavelength**5 / np.expm1(exponent)

    return quad(spectral, low_um * 1e-6, high_um * 1e-6, epsrel=1e-9)[0]


def apparent(kelvin, emissivity, reflected, low_um=8.0, high_um=14.0):
    """Apparent temperature out of an integral of Planck's law in float64, independent of the SDK's."""
    radiance = emissivity * planck(kelvin, low_um, high_um)
    radiance += (1 - emissivity) * planck(reflected, low_um, high_um)
    return brentq(lambda guess: planck(guess, low_um, high_um) - radiance, 100.0, 2500.0, xtol=1e-6)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(emissivity=st.floats(0.05, 1.0), kelvin=st.floats(240.0, 400.0), reflected=st.floats(200.0, 340.0))
def test_apparent_differs_by_what_emissivity_and_reflection_say(
    synth, rgb, labels, emissivity, kelvin, reflected
):
    temperatures = Temperatures(
        ambient=283.15, classes={"car": kelvin}, emissivity={"car": emissivity}, reflected={"car": reflected}
    )
    frame = synth(rgb, labels=labels, temperatures=temperatures)
    cars = labels == STREET_CLASSES.index("car")
    np.testing.assert_allclose(frame.apparent[~cars], frame.kelvin[~cars], atol=2e-3)
    for y, x in [(55, 50), (60, 100)]:
        wanted = apparent(float(frame.kelvin[y, x]), emissivity, reflected)
        assert frame.apparent[y, x] == pytest.approx(wanted, abs=5e-3)
    np.testing.assert_array_equal(frame.raw16, compositing.raw16(frame.apparent))


def test_a_camera_sees_the_surfaces_in_its_own_band(synth, rgb, labels):
    camera = Camera(read_preset("boson640").only())
    temperatures = Temperatures(ambient=283.15, emissivity={"car": 0.6}, reflected={"car": 240.0})
    frame = synth(rgb, labels=labels, temperatures=temperatures, camera=camera)
    wanted = apparent(float(frame.kelvin[60, 50]), 0.6, 240.0, 7.5, 13.5)
    assert frame.apparent[60, 50] == pytest.approx(wanted, abs=5e-3)
    assert abs(wanted - apparent(float(frame.kelvin[60, 50]), 0.6, 240.0)) > 0.02


def test_a_preset_is_cold_metal_under_a_cold_sky(synth, rgb, labels):
    frame = synth(rgb, labels=labels, temperatures=Temperatures.preset("winter-night"))
    cars = labels == STREET_CLASSES.index("car")
    assert 0.2 < (frame.kelvin - frame.apparent)[cars].mean() < 2
    sky = labels == STREET_CLASSES.index("sky")
    np.testing.assert_allclose(frame.apparent[sky], frame.kelvin[sky], atol=2e-3)


def test_without_emissivity_and_camera_apparent_is_kelvin_itself(synth, rgb, labels):
    frame = synth(rgb, labels=labels, temperatures=Temperatures(ambient=283.15))
    assert frame.apparent is frame.kelvin
    assert (frame.camera_hash, frame.timing.camera) == (None, 0.0)


def test_temperatures_by_name(synth, rgb, labels):
    instances = np.zeros(SIZE, np.uint16)
    instances[50:70, 40:70], instances[50:70, 90:115] = 5, 6
    frame = synth(
        rgb,
        labels=labels,
        instances=instances,
        instance_names={5: "BP_Taxi_2", 6: "BP_Van_1"},
        temperatures=Temperatures(ambient=283.15, instances={"BP_Taxi.*": 330.0, 6: 300.0}),
    )
    assert frame.thermal_labels[60, 50] == 330.0
    assert frame.thermal_labels[60, 100] == 300.0
    assert frame.thermal_labels[0, 0] == np.float32(283.15)


def test_temperatures_change_between_frames(synth, rgb, labels):
    means = []
    for kelvin in (290.0, 310.0, 290.0):
        temperatures = Temperatures(ambient=283.15, classes={"person": kelvin})
        frame = synth(rgb, labels=labels, temperatures=temperatures)
        means.append(frame.kelvin[47:73, 78:82].mean(dtype=np.float64))
    assert means[1] - means[0] == pytest.approx(20.0, abs=1e-3)
    assert means[0] == means[2]


def test_a_stream_takes_temperatures_that_change(synth, rgb):
    def warming(index):
        return Temperatures(ambient=280.0 + index)

    frames = list(synth.stream([rgb] * 4, policy="all", temperatures=warming, steadiness=0))
    assert [float(frame.thermal_labels[0, 0]) for frame in frames] == [280, 281, 282, 283]


def test_frames_through_a_camera(synth, rgb, labels):
    camera = Camera.preset("lepton160")
    temperatures = Temperatures(ambient=283.15, classes={"person": 305.0}, prior=ScenePrior())
    frames = [synth(rgb, labels=labels, temperatures=temperatures, camera=camera) for _ in range(2)]
    bare = synth(rgb, labels=labels, temperatures=temperatures)
    for frame in frames:
        np.testing.assert_array_equal(frame.kelvin, bare.kelvin)
        assert frame.apparent.shape == frame.raw16.shape == frame.display.shape == SIZE
        assert frame.camera_hash == camera.hash
        assert 0 < frame.timing.camera < frame.timing.total
        np.testing.assert_array_equal(frame.colorize(), frame.colorize("ironbow"))
    assert 0.02 < (frames[1].apparent - frames[0].apparent).std() < 0.2
    assert abs(frames[0].apparent.mean() - bare.apparent.mean()) < 1.0


def test_a_stream_keeps_the_cameras_time(synth, video):
    """The clip has 15 frames a second: a camera of 5 exposes every third."""
    camera = Camera(read_preset("lepton160"))
    camera = Camera(camera.config.without("ffc"))
    pictures = [
        [frame.capture for frame in synth.stream(video, policy="all", camera=camera)] for _ in range(2)
    ]
    held = [picture.held for picture in pictures[0]]
    assert held.count(True) in (5, 6)  # 8.7 exposures a second
    for first, second in zip(*pictures, strict=True):
        np.testing.assert_array_equal(first.apparent, second.apparent)


def test_a_stream_with_a_camera_has_the_cameras_gain(synth, folder):
    frames = list(synth.stream(folder, camera=Camera.preset("boson640")))
    assert [frame.limits for frame in frames] == [None] * 3
    assert [frame.capture.index for frame in frames] == [0, 1, 2]
    assert not any(frame.capture.held for frame in frames)
    assert open_source(folder).count == 3
