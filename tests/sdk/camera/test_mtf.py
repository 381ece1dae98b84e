"""Sharpness measured as that of a real core: the slanted edge of ISO 12233."""

import numpy as np
import pytest

from tests.sdk.camera.scenes import blurred_only, captures, slanted_edge
from thermalsdk.camera import Camera, CameraConfig
from thermalsdk.camera.config import Blur, Resolution
from thermalsdk.camera.files import read_preset
from thermalsdk.camera.optics import PointSpread, response

ANGLE = 5.0
BINS_PER_PIXEL = 4


def frequency_response(picture, frequencies, angle=ANGLE):
    """e-SFR: pixels binned by their distance from the edge, differentiated, transformed."""
    height, width = picture.shape
    rows, columns = np.indices(picture.shape) + 0.5
    distance = (columns - width / 2) * np.cos(np.radians(angle)) + (rows - height / 2) * np.sin(
        np.radians(angle)
    )
    near = np.abs(distance) < 16
    bins = np.floor((distance[near] + 16) * BINS_PER_PIXEL).astype(int)
    edge = np.bincount(bins, picture[near]) / np.bincount(bins)
    line = np.diff(edge) * np.hamming(len(edge) - 1)
    positions = np.arange(len(line)) / BINS_PER_PIXEL
    spectrum = [abs((line * np.exp(-2j * np.pi * f * positions)).sum()) for f in (0.0, *frequencies)]
    return np.array(spectrum[1:]) / spectrum[0]


def measured(config, frequencies):
    """What blur does to an edge of 2 K, told apart from the sampling by the same camera without blur."""
    kelvin = (299 + 2 * slanted_edge()).astype(np.float32)

    def seen(camera):
        return captures(camera, kelvin, 1)[0].apparent.astype(np.float64)

    return frequency_response(seen(Camera(config)), frequencies) / frequency_response(
        seen(Camera(config.without("blur"))), frequencies
    )


@pytest.mark.parametrize("mtf", [0.1, 0.28, 0.31, 0.4, 0.6, 0.9])
def test_response_at_the_nyquist_frequency_is_the_configured_one(mtf):
    assert measured(blurred_only(mtf), [0.5])[0] == pytest.approx(mtf, rel=0.1)


@pytest.mark.parametrize("mtf", [0.1, 0.31, 0.6])
def test_response_falls_like_that_of_a_gaussian_of_its_width(mtf):
    frequencies = np.array([0.1, 0.2, 0.3, 0.4])
    wanted = response(PointSpread(blurred_only(mtf).blur).weights, frequencies)
    np.testing.assert_allclose(measured(blurred_only(mtf), frequencies), wanted, rtol=0.05)


@pytest.mark.parametrize("name", ["boson640", "tau640", "lepton160"])
def test_presets_through_all_of_their_spatial_stages(name):
    config = read_preset(name).only("blur", "vignetting", "digitiser")
    assert measured(config, [0.5])[0] == pytest.approx(config.blur.mtf_at_nyquist, rel=0.1)


def test_detector_pixels_average_what_falls_on_them():
    """Averaging down by 8 has the response of a pixel that is all detector: a sinc."""
    kelvin = (299 + 2 * slanted_edge(height=768, width=1024, fine=4)).astype(np.float32)
    camera = Camera(CameraConfig("core", resolution=Resolution(width=128, height=96)))
    picture = captures(camera, kelvin, 1)[0].apparent
    assert picture.shape == (96, 128)
    np.testing.assert_allclose(frequency_response(picture, [0.25, 0.5]), np.sinc([0.25, 0.5]), rtol=0.1)


def test_blur_keeps_the_level():
    config = blurred_only(0.3)
    radiance = np.random.default_rng(0).uniform(20, 60, (40, 60)).astype(np.float32)
    assert PointSpread(config.blur)(radiance).mean() == pytest.approx(radiance.mean(), rel=1e-3)
    flat = np.full((20, 30), 40, np.float32)
    np.testing.assert_allclose(PointSpread(config.blur)(flat), 40, rtol=1e-6)


@pytest.mark.parametrize("times", [1, 4, 8])
def test_a_finer_scene_is_as_sharp_as_the_camera(times):
    """The average over detector pixels is a part of what the configuration names."""
    kelvin = (299 + 2 * slanted_edge(height=96 * times, width=128 * times, fine=4)).astype(np.float32)
    config = CameraConfig("core", resolution=Resolution(width=128, height=96), blur=Blur(0.3))
    seen = frequency_response(captures(Camera(config), kelvin, 1)[0].apparent, [0.5])
    unblurred = frequency_response(captures(Camera(config.without("blur")), kelvin, 1)[0].apparent, [0.5])
    pixel = 1 / (times * np.sin(0.5 * np.pi / times))
    assert seen[0] / unblurred[0] * pixel == pytest.approx(0.3, rel=0.1)


def test_an_average_below_the_configured_response_is_left_as_it_is():
    flat = np.random.default_rng(0).uniform(20, 60, (16, 16)).astype(np.float32)
    np.testing.assert_array_equal(PointSpread(Blur(0.8), 8.0)(flat), flat)
