"""Still pixels are averaged over time, moving ones are not."""

import numpy as np
import pytest

from thermalsdk.errors import OptionError
from thermalsdk.streaming import open_filter
from thermalsdk.streaming.still_filter import StillFilter

SHAPE = (61, 90)


def noisy(rng, level=290.0):
    return (level + rng.normal(0, 1, SHAPE)).astype(np.float32)


def test_noise_falls_where_nothing_moves():
    rng = np.random.default_rng(0)
    still = rng.integers(0, 256, (*SHAPE, 3), np.uint8)
    filtered = StillFilter(0.8)
    frames = [filtered(still, noisy(rng)) for _ in range(40)][20:]
    # A recursive average of share 0.8 has (1 - 0.8) / (1 + 0.8) of the variance.
    assert np.std(frames) == pytest.approx((0.2 / 1.8) ** 0.5, rel=0.05)
    assert np.mean(frames) == pytest.approx(290.0, abs=0.05)


def test_what_moves_is_taken_as_it_is_and_leaves_no_trail():
    rng = np.random.default_rng(0)
    filtered = StillFilter(0.9)
    for step in range(8):
        rgb = np.full((*SHAPE, 3), 90, np.uint8)
        kelvin = np.full(SHAPE, 280, np.float32)
        place = (slice(20, 40), slice(8 * step, 8 * step + 16))
        rgb[place], kelvin[place] = 200, 310
        result = filtered(rgb, kelvin)
        np.testing.assert_array_equal(result, kelvin, err_msg=f"step {step}")
    kelvin = noisy(rng)
    np.testing.assert_array_equal(filtered(255 - rgb, kelvin), kelvin)


def test_the_borders_of_cells_do_not_show():
    """Half of the picture moves, all of it becomes warmer: what is kept fades from one half to the other."""
    filtered = StillFilter(0.8)
    rgb = np.full((64, 128, 3), 90, np.uint8)
    filtered(rgb, np.full((64, 128), 280, np.float32))
    rgb[:, :64] = 200
    profile = filtered(rgb, np.full((64, 128), 290, np.float32))[32]
    np.testing.assert_allclose(profile[:68], 290, atol=1e-3)  # the cell beside what moves counts as moving
    np.testing.assert_allclose(profile[84:], 282, atol=1e-3)
    assert np.all(np.diff(profile) <= 0)
    assert np.abs(np.diff(profile)).max() < 1.01


def test_nothing_is_kept_where_a_given_class_changes():
    filtered = StillFilter(0.8)
    rgb, labels = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    filtered(rgb, np.full((64, 64), 280, np.float32), labels)
    changed = labels.copy()
    changed[20:30] = 1
    result = filtered(rgb, np.full((64, 64), 290, np.float32), changed)
    np.testing.assert_allclose(result[20:30], 290)
    np.testing.assert_allclose(np.delete(result, np.s_[20:30], 0), 282)


def test_whoever_gets_a_frame_may_change_it():
    filtered = StillFilter(0.8)
    rgb, labels = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    filtered(rgb, np.full((64, 64), 280, np.float32), labels)[:] = 0
    labels[:] = 255
    result = filtered(rgb, np.full((64, 64), 290, np.float32), np.zeros((64, 64), np.uint8))
    np.testing.assert_allclose(result, 282)


def test_a_slow_change_is_followed():
    filtered = StillFilter(0.8)
    rgb = np.zeros((*SHAPE, 3), np.uint8)
    for step in range(30):
        result = filtered(rgb, np.full(SHAPE, 280 if step < 10 else 290, np.float32))
    np.testing.assert_allclose(result, 290, atol=0.2)


def test_another_size_starts_anew():
    filtered = StillFilter(0.8)
    filtered(np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 280, np.float32))
    kelvin = np.full(SHAPE, 290, np.float32)
    np.testing.assert_array_equal(filtered(np.zeros((*SHAPE, 3), np.uint8), kelvin), kelvin)


@pytest.mark.parametrize("keep", [-0.1, 1.0, float("nan")])
def test_nonsense_is_refused(keep):
    with pytest.raises(OptionError, match="steadiness"):
        open_filter(keep, follow_motion=False)


def test_streams_are_steadier_than_frames(synth):
    rng = np.random.default_rng(1)
    base = rng.integers(40, 200, (96, 128, 3)).astype(np.int64)
    video = [np.clip(base + rng.normal(0, 4, base.shape), 0, 255).astype(np.uint8) for _ in range(12)]

    def flicker(**options):
        frames = np.stack([frame.kelvin for frame in synth.stream(video, policy="all", **options)])
        return np.abs(np.diff(frames[4:], axis=0)).mean()

    assert flicker() < 0.5 * flicker(steadiness=0)


def test_a_folder_of_pictures_is_not_filtered(synth, tmp_path):
    from PIL import Image

    rng = np.random.default_rng(2)
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (96, 128, 3), np.uint8)).save(tmp_path / f"{name}.png")
    for frame, again in zip(synth.stream(tmp_path), synth.stream(tmp_path, steadiness=0), strict=True):
        np.testing.assert_array_equal(frame.kelvin, again.kelvin)
