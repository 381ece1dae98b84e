"""Day pictures made night."""

import numpy as np

from train.nightfall import darken_to_night


def test_a_day_picture_becomes_dark_and_keeps_its_outlines() -> None:
    rgb = np.full((96, 128, 3), 60, np.uint8)
    rgb[30:70, 40:90] = 220
    for seed in range(6):
        night = darken_to_night(np.random.default_rng(seed), rgb)
        assert night.dtype == np.uint8
        assert night.shape == rgb.shape
        assert night.mean() < 0.6 * rgb.mean()
        inside, around = night[30:70, 40:90].mean(), night[20:80, 30:100].mean()
        assert inside > around
        # Pools of light: a wall of one colour has none.
        assert night[:30].mean(2).std() > 0.5


def test_same_generator_same_night() -> None:
    rgb = np.full((64, 80, 3), 128, np.uint8)
    first, second = (darken_to_night(np.random.default_rng(3), rgb) for _ in range(2))
    assert (first == second).all()
    assert (first != darken_to_night(np.random.default_rng(4), rgb)).any()
