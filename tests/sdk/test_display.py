"""Automatic gain, palettes, and the lazily computed pictures of a frame."""

import numpy as np
import pytest

from thermalsdk.camera import Camera, CameraConfig
from thermalsdk.display import AutoGain, gain_limits, palette, palette_names
from thermalsdk.errors import OptionError
from thermalsdk.frame import Frame, Timing, _say_saturated

TIMING = Timing(0, 0, 0, 0, 0, 0, 0, {})


def make_frame(kelvin, **fields):
    labels = np.zeros(kelvin.shape, np.uint8)
    return Frame(kelvin=kelvin, labels=labels, thermal_labels=kelvin, timing=TIMING, **fields)


@pytest.fixture
def ramp():
    return np.tile(np.linspace(280, 300, 512, dtype=np.float32), (96, 1))


def test_limits_are_percentiles(ramp):
    low, high = gain_limits(ramp)
    assert 280.0 < low < 280.5
    assert 299.0 < high < 300.0


def test_flat_scene_is_not_stretched():
    assert gain_limits(np.full((64, 64), 290, np.float32)) == (289.0, 291.0)


def test_gain_of_a_stream_follows_slowly(ramp):
    gain = AutoGain(damping=0.75)
    first = gain(ramp)
    assert first == gain_limits(ramp)
    second = gain(ramp + 8)
    assert second[0] == pytest.approx(first[0] + 2)
    assert second[1] == pytest.approx(first[1] + 2)


def test_display_uses_the_frames_own_limits_unless_told(ramp):
    own = make_frame(ramp).display
    assert own.dtype == np.uint8
    assert (own[0, 0], own[0, -1]) == (0, 255)
    assert (np.diff(own[0].astype(int)) >= 0).all()
    told = make_frame(ramp, limits=(200.0, 400.0)).display
    assert (told.min(), told.max()) == (102, 128)


def test_raw16_is_centikelvin(ramp):
    raw16 = make_frame(ramp).raw16
    assert raw16.dtype == np.uint16
    np.testing.assert_allclose(raw16 / 100.0, ramp, atol=0.00501)


def test_pictures_are_computed_once(ramp):
    frame = make_frame(ramp)
    assert frame.display is frame.display
    assert frame.raw16 is frame.raw16


@pytest.mark.parametrize("name", palette_names())
def test_palettes_are_256_smooth_colours(name):
    colors = palette(name)
    assert (colors.shape, colors.dtype) == ((256, 3), np.uint8)
    steps = np.abs(np.diff(colors.astype(int), axis=0))
    assert steps.max() <= 12
    assert len(np.unique(colors, axis=0)) > 200


def test_white_hot_is_the_display_itself(ramp):
    frame = make_frame(ramp)
    colors = frame.colorize("white-hot")
    assert colors.shape == (96, 512, 3)
    np.testing.assert_array_equal(colors[..., 1], frame.display)
    np.testing.assert_array_equal(frame.colorize("black-hot"), 255 - colors)


def test_unknown_palette_lists_the_known(ramp):
    with pytest.raises(OptionError, match="unknown") as caught:
        make_frame(ramp).colorize("plaid")
    assert "ironbow" in caught.value.hint


def test_limits_hold_the_scale(ramp):
    frame = make_frame(ramp)
    grey = frame.colorize("white-hot", limits=(270.0, 321.0))[..., 0].astype(int)
    np.testing.assert_allclose(grey, np.clip((ramp - 270) / 51 * 255, 0, 255), atol=1)
    with pytest.raises(OptionError, match="cold") as caught:
        frame.colorize("white-hot", limits=(10.0, 30.0))
    assert "283.15 to 303.15" in caught.value.hint
    for limits in [(310.0, 270.0), (300.0, 300.0), (270.0, np.nan), 270.0, ("cold", "hot"), (1.0, 2.0, 3.0)]:
        with pytest.raises(OptionError, match="limits="):
            frame.colorize("white-hot", limits=limits)


def test_limits_keep_the_polarity_of_a_camera(synth, rgb):
    camera = Camera(CameraConfig("bare", polarity="black_hot", palette="white-hot"))
    frame = synth(rgb, camera=camera)
    low, high = float(frame.apparent.min()), float(frame.apparent.max())
    shown = frame.colorize(limits=(low - 1, high + 1))[..., 0]
    assert shown[np.unravel_index(frame.apparent.argmax(), shown.shape)] == shown.min() < shown.max()


def test_what_raw16_cannot_hold_is_said(ramp, caplog):
    _say_saturated.cache_clear()
    assert make_frame(ramp).raw16.max() < 65535
    assert not caplog.records
    assert make_frame(ramp + 400).raw16.max() == 65535
    assert make_frame(ramp + 400).raw16.max() == 65535
    assert [record.message for record in caplog.records] == [
        "raw16 ends at 655.35 K, and a frame is hotter: frame.apparent has all of it"
    ]
