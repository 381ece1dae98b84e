"""Flicker, E_warp and tOF on clips that move as we say."""

import numpy as np
import pytest
from scipy import ndimage

from train.evaluation import video_scores


def texture(seed=0, size=(160, 200)):
    """Smooth noise, uint8 HxW, that optical flow can follow."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=size), 3)
    return np.rint(np.interp(noise, (noise.min(), noise.max()), (0, 255))).astype(np.uint8)


def moved(picture, pixels):
    return np.roll(picture, pixels, axis=1)


def colour(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def test_standing_still_is_where_colours_do_not_change():
    before = colour(texture())
    now = before.copy()
    now[40:80, 50:90] = 255 - now[40:80, 50:90]
    still = video_scores.standing_still(before, now)
    assert still[:, 120:].all()
    assert still[50:70, 60:80].mean() < 0.2


def test_flicker_counts_still_pixels_only():
    before, now = np.zeros((4, 6)), np.zeros((4, 6))
    now[:, :3], now[:, 3:] = 2.0, -9.0
    still = np.zeros((4, 6), bool)
    still[:, :3] = True
    assert video_scores.flicker(before, now, still) == 2
    still[:, 3] = True
    assert video_scores.flicker(before, now, still) == pytest.approx((3 * 2 + 9) / 4)
    assert video_scores.flicker(before, now, np.zeros((4, 6), bool)) is None


def test_flow_back_points_to_where_pixels_were():
    picture = texture()
    source, seen = video_scores.flow_back(colour(picture), colour(moved(picture, 3)))
    inner = source[30:-30, 30:-30, 0] - np.arange(30, 170)
    assert np.median(inner) == pytest.approx(-3, abs=0.2)
    assert seen[30:-30, 30:-30].mean() > 0.95


def test_warp_error_follows_the_motion():
    grey = texture()
    before, now = (colour(moved(grey, pixels)) for pixels in (0, 3))
    source, seen = video_scores.flow_back(before, now)
    thermal = texture(1).astype(np.float32)
    along = video_scores.warp_error(thermal, moved(thermal, 3), source, seen)
    left_behind = video_scores.warp_error(thermal, thermal, source, seen)
    assert along < 0.2 * left_behind
    brighter = video_scores.warp_error(thermal, moved(thermal, 3) + 10, source, seen)
    assert brighter == pytest.approx(100, rel=0.1)
    assert video_scores.warp_error(thermal, thermal, source, np.zeros_like(seen)) is None


def test_flow_error_is_the_difference_of_motions_in_pixels():
    grey = texture()
    still, steps = (grey, grey), (grey, moved(grey, 2))
    assert video_scores.flow_error(steps, steps) == 0
    assert video_scores.flow_error(steps, still) == pytest.approx(2, rel=0.15)
    other = (texture(1), moved(texture(1), 2))
    assert video_scores.flow_error(steps, other) < 0.5


def test_grey_bytes_share_one_range():
    clip = np.stack([np.full((10, 10), 280.0), np.full((10, 10), 300.0)])
    found = video_scores.grey_bytes(clip)
    assert (found[0].max(), found[1].min(), found.dtype) == (0, 255, np.uint8)
