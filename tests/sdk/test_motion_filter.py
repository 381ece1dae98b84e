"""Temperatures are averaged along the optical flow, and nowhere else."""

import sys

import cv2
import numpy as np
import pytest

from thermalsdk import Synthesizer
from thermalsdk.errors import MissingDependency
from thermalsdk.streaming import open_filter
from thermalsdk.streaming.motion_filter import MotionFilter
from thermalsdk.streaming.still_filter import StillFilter
from thermalsdk.streaming.temporal_filter import Told

HEIGHT, WIDTH, SPEED = 130, 190, 3


@pytest.fixture(scope="module")
def scenery():
    """A long wall that a camera pans along, and its temperatures."""
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (HEIGHT, 2 * WIDTH, 3)).astype(np.float32), (0, 0), 4)
    rgb = np.clip((rgb - 128) * 6 + 128, 0, 255).astype(np.uint8)
    return rgb, 280 + rgb.mean(2, dtype=np.float32) / 25


def pan(scenery, count):
    """Colours and temperatures of a camera that moves by SPEED pixels a frame."""
    for index in range(count):
        yield tuple(plane[:, SPEED * index : SPEED * index + WIDTH] for plane in scenery)


def residue(kind, scenery, count=20):
    """Standard deviation of what is left of 1 K of noise at the end of a pan, borders left out."""
    rng = np.random.default_rng(1)
    filtered = kind(0.8)
    for rgb, kelvin in pan(scenery, count):
        noise = rng.normal(0, 1, kelvin.shape).astype(np.float32)
        result = filtered(np.ascontiguousarray(rgb), kelvin + noise)
    return float((result - kelvin)[16:-16, 16:-32].std())


def test_noise_falls_along_the_motion(scenery):
    # Still, a recursive average of share 0.8 leaves 0.33 of the noise.
    assert residue(MotionFilter, scenery) < 0.45
    assert residue(StillFilter, scenery) > 0.9


def test_a_pan_without_noise_stays_sharp(scenery):
    filtered = MotionFilter(0.8)
    for rgb, kelvin in pan(scenery, 20):
        result = filtered(np.ascontiguousarray(rgb), kelvin)
    assert np.abs(result - kelvin)[16:-16, 16:-32].mean() < 0.05 * kelvin.std()


def test_what_was_hidden_takes_its_own_temperature():
    """A hot box jumps over a grey wall: neither its old place nor its new one keeps anything."""
    filtered = MotionFilter(0.9)
    for step in range(4):
        rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        kelvin = np.full((HEIGHT, WIDTH), 280, np.float32)
        box = (slice(40, 80), slice(44 * step, 44 * step + 32))
        rgb[box], kelvin[box] = 220, 310
        result = filtered(rgb, kelvin)
        np.testing.assert_allclose(result, kelvin, atol=0.05, err_msg=f"step {step}")


def test_given_classes_keep_their_temperatures_apart(scenery):
    """A warm object of the wall's own colours, which no flow sees: only its class map tells where it is."""
    alone, told = MotionFilter(0.8), MotionFilter(0.8)
    for index, (rgb, kelvin) in enumerate(pan(scenery, 8)):
        rgb = np.ascontiguousarray(rgb)
        labels = np.zeros(kelvin.shape, np.uint8)
        labels[40:80, 30 + 4 * index : 60 + 4 * index] = 1
        set_kelvin = np.where(labels == 1, np.float32(310), np.float32(285))
        smeared, kept = alone(rgb, set_kelvin), told(rgb, set_kelvin, labels)
    np.testing.assert_allclose(kept, set_kelvin, atol=0.01)
    assert np.abs(smeared - set_kelvin).max() > 5


def test_what_is_set_anew_arrives_at_once_and_noise_is_filtered_all_the_same(scenery):
    """A warm object moves along and heats up by 3 K a frame."""
    rng = np.random.default_rng(3)
    filtered = MotionFilter(0.8)
    for index, (rgb, _) in enumerate(pan(scenery, 8)):
        labels = np.zeros(rgb.shape[:2], np.uint8)
        labels[40:80, 60 - 4 * index : 100 - 4 * index] = 1  # it stands in the panorama
        told = np.where(labels == 1, np.float32(300 + 3 * index), np.float32(285))
        noisy = told + rng.normal(0, 1, told.shape).astype(np.float32)
        result = filtered(np.ascontiguousarray(rgb), noisy, told=Told(labels, told))
    inner = np.s_[50:70, 45:60]
    assert (labels[inner] == 1).all()
    assert result[inner].mean() == pytest.approx(321, abs=0.3)
    assert result[inner].std() < 0.6, "1 K without the filter"


def test_a_cut_starts_anew_and_so_does_another_size(scenery):
    filtered = MotionFilter(0.8)
    (rgb, kelvin), *_ = pan(scenery, 1)
    rgb = np.ascontiguousarray(rgb)
    filtered(rgb, kelvin + 5)
    np.testing.assert_allclose(filtered(255 - rgb, kelvin)[20:-20], kelvin[20:-20], atol=0.5)
    np.testing.assert_array_equal(filtered(rgb[:64, :64], kelvin[:64, :64]), kelvin[:64, :64])


def test_still_pictures_are_averaged_as_by_the_still_filter(scenery):
    rng = np.random.default_rng(2)
    (rgb, kelvin), *_ = pan(scenery, 1)
    rgb = np.ascontiguousarray(rgb)
    still, motion = StillFilter(0.8), MotionFilter(0.8)
    for _ in range(5):
        noisy = kelvin + rng.normal(0, 1, kelvin.shape).astype(np.float32)
        one, other = still(rgb, noisy), motion(rgb, noisy)
    # At the picture's edge the weights fall off.
    np.testing.assert_allclose(one[8:-8, 8:-8], other[8:-8, 8:-8], atol=1e-3)


def test_a_stream_follows_motion_where_it_is_told_to(synth, scenery):
    video = [np.ascontiguousarray(rgb) for rgb, _ in pan(scenery, 6)]
    kelvin = [
        np.stack([frame.kelvin for frame in synth.stream(video, policy="all", **options)])
        for options in ({"follow_motion": True}, {})
    ]
    assert np.abs(kelvin[0] - kelvin[1]).max() > 0.01
    assert open_filter(0.0, follow_motion=True) is None


def test_without_opencv_the_error_says_what_to_install(synth, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependency, match="OpenCV"):
        synth.stream([], follow_motion=True)
    assert isinstance(synth, Synthesizer)


@pytest.mark.parametrize("size", [(96, 1280), (64, 640), (120, 1920), (64, 64)])
def test_low_and_wide_frames(size):
    """OpenCV's flow ends the process on these, unless they are made larger for it."""
    rng = np.random.default_rng(0)
    smooth = MotionFilter(0.8)
    for _ in range(2):
        kelvin = rng.uniform(280, 300, size).astype(np.float32)
        out = smooth(rng.integers(0, 256, (*size, 3), np.uint8), kelvin, None)
        assert out.shape == size
        assert np.isfinite(out).all()
