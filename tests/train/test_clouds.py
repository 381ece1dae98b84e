"""Repainted skies."""

import numpy as np

from train.clouds import repaint_sky


def test_only_the_sky_changes_and_its_cloud_has_structure() -> None:
    rgb = np.full((120, 160, 3), 90, np.uint8)
    sky = np.zeros((120, 160), bool)
    sky[:60] = True
    painted = [repaint_sky(np.random.default_rng(seed), rgb, sky) for seed in range(6)]
    for picture in painted:
        assert picture.dtype == np.uint8
        # The mask is softened over a few rows.
        assert (picture[64:] == rgb[64:]).all()
        assert np.abs(picture[:56].astype(int) - 90).mean() > 5
        assert picture[:56].std(axis=(0, 1)).max() > 2
    assert len({picture.tobytes() for picture in painted}) == len(painted)


def test_same_generator_same_sky() -> None:
    rgb, sky = np.zeros((64, 80, 3), np.uint8), np.ones((64, 80), bool)
    first, second = (repaint_sky(np.random.default_rng(5), rgb, sky) for _ in range(2))
    assert (first == second).all()
