"""A camera's stages, its clock, and that it repeats itself bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.sdk.camera.scenes import captures, flat, two_blackbodies
from thermalsdk.camera import Camera, CameraConfig, camera_names
from thermalsdk.camera.config import (
    BadPixels,
    Digitiser,
    FlatFieldCorrection,
    FrameRate,
    Gain,
    Resolution,
    Vignetting,
    stage_names,
)
from thermalsdk.camera.files import read_preset
from thermalsdk.errors import CameraError


def test_a_camera_without_stages_is_a_perfect_radiometer():
    kelvin = np.random.default_rng(0).uniform(230, 400, (64, 80)).astype(np.float32)
    np.testing.assert_allclose(
        captures(Camera(CameraConfig("bare")), kelvin, 1)[0].apparent, kelvin, atol=2e-3
    )


@pytest.mark.parametrize("name", camera_names())
def test_same_seed_same_pictures_other_seed_others(name):
    def last(seed):
        return captures(Camera.preset(name, seed), two_blackbodies(), 3)[-1]

    one, again, other = last(5), last(5), last(6)
    np.testing.assert_array_equal(one.apparent, again.apparent)
    np.testing.assert_array_equal(one.display, again.display)
    assert not np.array_equal(one.apparent, other.apparent)
    assert one.camera_hash == again.camera_hash != other.camera_hash


def test_restart_repeats():
    camera = Camera.preset("boson640")
    before = captures(camera, two_blackbodies(), 3)
    camera.restart()
    for first, second in zip(before, captures(camera, two_blackbodies(), 3), strict=True):
        np.testing.assert_array_equal(first.apparent, second.apparent)
        np.testing.assert_array_equal(first.display, second.display)


@pytest.mark.parametrize("stage", stage_names())
def test_every_stage_can_be_switched_off_and_changes_the_hash(stage):
    config = read_preset("lepton160")
    without = config.without(stage)
    assert getattr(without, stage) is None
    assert Camera(without).hash != Camera(config).hash
    assert captures(Camera(without), two_blackbodies(), 2)[-1].apparent.dtype == np.float32


def test_switching_one_stage_off_leaves_the_numbers_of_the_others():
    """Noise minus no noise is the same with and without fixed pattern."""
    bare = read_preset("boson640").only("noise", "fixed_pattern")

    def picture(config):
        return captures(Camera(config), flat(), 1)[0].apparent

    both = picture(bare) - picture(bare.without("noise"))
    alone = picture(bare.without("fixed_pattern")) - picture(bare.without("noise", "fixed_pattern"))
    np.testing.assert_allclose(both, alone, atol=2e-3)


def test_only_and_without_name_the_stages():
    config = read_preset("boson640")
    assert [name for name in stage_names() if getattr(config.only("noise"), name)] == ["noise"]
    for call in (config.only, config.without):
        with pytest.raises(CameraError, match="no stage 'lens'") as caught:
            call("lens")
        assert "vignetting" in caught.value.hint


@pytest.mark.parametrize(
    ("size", "detector", "wanted"),
    [
        ((480, 640), (512, 640), (480, 640)),
        ((540, 960), (512, 640), (360, 640)),
        ((480, 640), (120, 160), (120, 160)),
        ((512, 512), (512, 640), (512, 512)),
        ((96, 128), (512, 640), (96, 128)),
    ],
)
def test_frames_are_averaged_to_fit_the_detector_and_never_enlarged(size, detector, wanted):
    kelvin = np.linspace(280, 310, size[0] * size[1], dtype=np.float32).reshape(size)
    camera = Camera(CameraConfig("core", resolution=Resolution(detector[1], detector[0])))
    picture = captures(camera, kelvin, 1)[0].apparent
    assert picture.shape == wanted
    assert picture.mean() == pytest.approx(kelvin.mean(), abs=0.2)


def test_a_slow_camera_shows_its_last_picture_again():
    camera = Camera(replace(read_preset("lepton160"), frame_rate=FrameRate(10.0)))
    pictures = captures(camera, two_blackbodies(), 30, period=1 / 30)
    assert [picture.held for picture in pictures[:7]] == [False, True, True, False, True, True, False]
    assert pictures[1].apparent is pictures[0].apparent
    assert sum(not picture.held for picture in pictures) == 10
    assert [picture.index for picture in pictures] == list(range(30))


def test_the_picture_freezes_during_a_flat_field_correction():
    config = CameraConfig(
        "core", frame_rate=FrameRate(30.0), ffc=FlatFieldCorrection(interval_s=1.0, freeze_s=0.2)
    )
    pictures = captures(Camera(config), flat(), 75)
    held = [picture.index for picture in pictures if picture.held]
    assert held == [*range(30, 36), *range(60, 66)]


def test_after_a_cut_the_gain_starts_anew_and_the_noise_goes_on():
    camera = Camera(replace(read_preset("boson640"), ffc=FlatFieldCorrection(interval_s=0.5, freeze_s=0.4)))
    cold = captures(camera, flat(270.0), 30)[0]
    camera.cut()
    warm = captures(camera, two_blackbodies(), 1)[0]  # the shutter would be closed at 0.5 s
    assert not warm.held
    alone = captures(Camera.preset("boson640"), two_blackbodies(), 1)[0]
    assert abs(warm.display.astype(float).mean() - alone.display.astype(float).mean()) < 3
    assert not np.array_equal(warm.apparent, alone.apparent)
    assert warm.index == cold.index + 30


def test_time_may_not_run_backwards():
    camera = Camera.preset("boson640")
    radiance = camera.config.band.radiance(flat())
    camera.capture(radiance, 2.0)
    with pytest.raises(CameraError, match="older than the one before") as caught:
        camera.capture(radiance, 1.0)
    assert "restart" in caught.value.hint
    camera.restart()
    with pytest.raises(CameraError, match="time_s is nan"):
        camera.capture(radiance, float("nan"))
    assert camera.capture(radiance, 1.0).time_s == 1.0


@pytest.mark.parametrize("replaced", [True, False])
def test_bad_pixels(replaced):
    config = CameraConfig(
        "core", bad_pixels=BadPixels(0.02, replaced), digitiser=Digitiser(14, 233.15, 413.15)
    )
    first, second = (picture.apparent for picture in captures(Camera(config), flat(), 2))
    np.testing.assert_array_equal(first, second)
    stuck = np.abs(first - 300) > 1
    if replaced:
        assert not stuck.any()
    else:
        assert stuck.mean() == pytest.approx(0.02, rel=0.3)
        np.testing.assert_allclose(np.unique(first[stuck]), [233.15, 413.15], atol=0.05)


def test_bad_pixels_show_the_mean_of_their_neighbours():
    ramp = np.tile(np.linspace(290, 310, 128, dtype=np.float32), (96, 1))
    camera = Camera(CameraConfig("core", bad_pixels=BadPixels(0.01)))
    picture = captures(camera, ramp, 1)[0].apparent
    changed = np.abs(picture - ramp) > 0.05
    assert not changed[:, 1:-1].any()


def test_vignetting_lets_the_housing_shine_into_the_corners():
    camera = Camera(CameraConfig("core", vignetting=Vignetting(0.1, housing_kelvin=320.0)))
    picture = captures(camera, flat(290.0, 97, 129), 1)[0].apparent
    assert picture[48, 64] == pytest.approx(290.0, abs=0.01)
    share = (camera.config.band.radiance_at(float(picture[0, 0])) - camera.config.band.radiance_at(290.0)) / (
        camera.config.band.radiance_at(320.0) - camera.config.band.radiance_at(290.0)
    )
    assert share == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("bits", [8, 14])
def test_digitiser_has_steps_and_limits(bits):
    config = CameraConfig("core", digitiser=Digitiser(bits, 250.0, 350.0))
    ramp = np.linspace(200, 400, 64 * 512, dtype=np.float32).reshape(64, 512)
    picture = captures(Camera(config), ramp, 1)[0].apparent
    assert picture.min() == pytest.approx(250.0, abs=0.01)
    assert picture.max() == pytest.approx(350.0, abs=0.01)
    assert len(np.unique(picture)) <= 2**bits
    inside = (ramp > 251) & (ramp < 349)
    step = (config.band.radiance_at(350) - config.band.radiance_at(250)) / (2**bits - 1)
    largest = 0.55 * step / config.band.slope_at(250)
    assert np.abs(picture - ramp)[inside].max() <= largest + 2e-3


def shown(gain, kelvin, count=1, **fields):
    camera = Camera(CameraConfig("core", gain=gain, **fields))
    return captures(camera, kelvin, count)[-1].display


def test_gain_modes():
    ramp = np.tile(np.linspace(280, 300, 512, dtype=np.float32), (96, 1))
    linear = shown(Gain("linear"), ramp)
    assert (linear[0, 0], linear[0, -1]) == (0, 255)
    np.testing.assert_allclose(np.diff(linear[0].astype(int)), 0.5, atol=0.51)
    tails = shown(Gain("percentile", clipped_percent=10), ramp)
    assert (tails[0] == 0).mean() == pytest.approx(0.1, abs=0.01)
    fixed = shown(Gain("fixed", low_kelvin=270.0, high_kelvin=310.0), ramp)
    assert (fixed[0, 0], fixed[0, -1]) == (64, 191)
    off = shown(None, ramp, digitiser=Digitiser(14, 233.15, 413.15))
    assert np.ptp(off) < 30


def test_plateau_keeps_contrast_beside_a_flame():
    """A small flame takes the grey levels of a linear gain, and few of those of a plateau."""
    kelvin = flat(300.0)
    kelvin[:, 64:] = 303.0
    kelvin += np.random.default_rng(0).normal(0, 0.2, kelvin.shape).astype(np.float32)
    kelvin[40:56, 40:56] = 450.0

    def contrast(mode):
        display = shown(Gain(mode, clipped_percent=0.0), kelvin).astype(float)
        return display[:30, 64:].mean() - display[:30, :64].mean()

    assert contrast("linear") < 8
    assert contrast("plateau") > 40


def test_plateau_is_monotone_and_does_not_stretch_noise():
    rng = np.random.default_rng(0)
    kelvin = rng.normal(290, 4, (96, 128)).astype(np.float32)
    display = shown(Gain("plateau"), kelvin)
    order = np.argsort(kelvin, axis=None)
    assert (np.diff(display.ravel()[order].astype(int)) >= 0).all()
    assert np.ptp(display) > 230
    noise = shown(Gain("plateau"), rng.normal(290, 0.02, (96, 128)).astype(np.float32))
    assert noise.std() < 6


@pytest.mark.parametrize("mode", ["linear", "percentile", "plateau"])
def test_gain_follows_slowly(mode):
    camera = Camera(CameraConfig("core", gain=Gain(mode, damping=0.9)))
    ramp = np.tile(np.linspace(280, 300, 128, dtype=np.float32), (96, 1))
    first = captures(camera, ramp, 1)[0].display
    second = captures(camera, ramp + 20, 1)[0].display
    settled = captures(camera, ramp + 20, 60)[-1].display
    assert second.mean() > first.mean() + 60
    assert abs(settled.mean() - first.mean()) < 6


def test_polarity_turns_the_display_but_not_the_temperatures():
    config = read_preset("boson640")
    white = captures(Camera(config), two_blackbodies(), 1)[0]
    black = captures(Camera(replace(config, polarity="black_hot")), two_blackbodies(), 1)[0]
    np.testing.assert_array_equal(black.display, 255 - white.display)
    np.testing.assert_array_equal(black.apparent, white.apparent)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", True])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(CameraError, match="seed"):
        Camera.preset("boson640", seed)
