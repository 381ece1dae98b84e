"""Noise measured as that of a real core: two black bodies, and the same scene again and again."""

import numpy as np
import pytest

from tests.sdk.camera.scenes import COLD, HOT, captures, flat, two_blackbodies
from thermalsdk import compositing
from thermalsdk.camera import Camera, CameraConfig, camera_names
from thermalsdk.camera.config import Drift, FixedPattern, FlatFieldCorrection, Noise
from thermalsdk.camera.files import read_preset

FRAMES = 48


def netd_mk(camera):
    """Temporal noise over signal transfer, from the 16-bit pictures that users get."""
    counts = np.stack(
        [compositing.raw16(picture.apparent) for picture in captures(camera, two_blackbodies(), FRAMES)]
    ).astype(np.float64)
    half = counts.shape[2] // 2
    left, right = counts[:, :, 4 : half - 4], counts[:, :, half + 4 : -4]
    counts_per_kelvin = (right.mean() - left.mean()) / (HOT - COLD)
    noise = np.sqrt((left.var(0, ddof=1).mean() + right.var(0, ddof=1).mean()) / 2)
    return 1000 * noise / counts_per_kelvin


@pytest.mark.parametrize("name", camera_names())
def test_netd_of_every_preset(name):
    config = read_preset(name).without("resolution", "frame_rate")
    assert netd_mk(Camera(config, seed=3)) == pytest.approx(config.noise.netd_mk, rel=0.1)


@pytest.mark.parametrize("netd", [20.0, 80.0, 400.0])
def test_netd_is_the_configured_one(netd):
    assert netd_mk(Camera(CameraConfig("core", noise=Noise(netd)))) == pytest.approx(netd, rel=0.1)


def test_without_noise_a_still_scene_gives_the_same_picture():
    camera = Camera(read_preset("boson640").without("noise", "drift"))
    first, last = captures(camera, two_blackbodies(), 2)
    np.testing.assert_array_equal(first.apparent, last.apparent)


def test_cold_scenes_are_noisier_than_warm_ones():
    """The noise is one of radiance, of which a kelvin makes less where it is cold."""

    def noise_at(kelvin):
        return captures(Camera(CameraConfig("core", noise=Noise(50))), flat(kelvin), 1)[0].apparent.std()

    assert 1.5 < noise_at(250.0) / noise_at(300.0) < 2.2


@pytest.mark.parametrize(("row_mk", "column_mk"), [(60.0, 0.0), (0.0, 60.0), (30.0, 90.0)])
def test_row_and_column_noise(row_mk, column_mk):
    camera = Camera(CameraConfig("core", noise=Noise(10.0, row_mk, column_mk)))
    pictures = np.stack([picture.apparent for picture in captures(camera, flat(), FRAMES)]) - 300.0
    pictures -= pictures.mean((1, 2), keepdims=True)
    rows = pictures.mean(2).std() * 1000
    columns = pictures.mean(1).std() * 1000
    assert rows == pytest.approx(row_mk, rel=0.1, abs=1.5)
    assert columns == pytest.approx(column_mk, rel=0.1, abs=1.5)


def test_fixed_pattern_stays_and_has_the_configured_size():
    config = CameraConfig("core", noise=Noise(20), fixed_pattern=FixedPattern(40, 15, 25))
    pictures = np.stack([picture.apparent for picture in captures(Camera(config), flat(), FRAMES)])
    pattern = (pictures.mean(0, dtype=np.float64) - 300.0) * 1000
    residual = pattern - pattern.mean(0) - pattern.mean(1, keepdims=True) + pattern.mean()
    assert residual.std() == pytest.approx(40, rel=0.1)
    assert pattern.mean(0).std() == pytest.approx(25, rel=0.2)
    assert pattern.mean(1).std() == pytest.approx(15, rel=0.3)


def test_drift_grows_until_the_flat_field_correction():
    config = CameraConfig("core", drift=Drift(30.0), ffc=FlatFieldCorrection(interval_s=120, freeze_s=1))
    pictures = captures(Camera(config), flat(), 9, period=20.0)
    spread = [1000 * float(picture.apparent.std()) for picture in pictures]
    np.testing.assert_allclose(spread[:6], np.arange(6) * 10.0, rtol=0.1, atol=0.3)
    assert pictures[6].held  # the shutter is closed at 120 s
    np.testing.assert_allclose(spread[7:], np.array([19, 39]) / 60 * 30, rtol=0.1)


def test_a_correction_leaves_another_pattern():
    config = CameraConfig(
        "core", fixed_pattern=FixedPattern(40), ffc=FlatFieldCorrection(interval_s=10, freeze_s=1)
    )
    before, same, after = (captures(Camera(config), flat(), 4, 6.0)[i].apparent - 300 for i in (0, 1, 2))
    np.testing.assert_array_equal(before, same)
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.05
