"""Regions: the plan in pixels, and that running on parts gives what running on the whole frame gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk.known_side import copy_that_knows
from thermalsdk import Synthesizer, class_map
from thermalsdk.bundle import shipped_bundles
from thermalsdk.regions import CELL, Box, Regions, plan_regions
from thermalsdk.scenes import StreetScene


def test_plan_names_the_classes_of_the_map():
    labels = np.full((96, 128), 2, np.uint8)
    labels[40:48, 40:48] = 5
    regions = plan_regions(labels, 10, 16)
    assert {run.class_id for run in regions.runs} == {2, 5}
    (region,) = (run for run in regions.runs if run.class_id == 5)
    assert region.core == Box(40, 40, 48, 48)
    assert region.box.top <= 24
    assert region.box.bottom >= 64


def test_boxes_lie_one_after_another():
    labels = np.random.default_rng(1).integers(0, 4, (12, 16), np.uint8).repeat(8, 0).repeat(8, 1)
    regions = plan_regions(labels, 4, 8)
    ends = [start + run.box.area for start, run in zip(regions.starts, regions.runs, strict=True)]
    assert list(regions.starts) == [0, *ends[:-1]]
    assert regions.pixels == ends[-1]
    assert [[run.class_id, *run.core, *run.box] for run in regions.runs] == regions.rows.tolist()


def test_whole_frames():
    regions = Regions.whole([1, 4], (96, 128))
    assert [run.class_id for run in regions.runs] == [1, 4]
    assert all(run.core == run.box == Box(0, 0, 96, 128) for run in regions.runs)


def test_boxes_as_slices():
    box = Box(24, 16, 40, 32)
    assert box.cells(8) == (slice(3, 5), slice(2, 4))
    assert np.zeros((96, 128))[box.cells(1)].shape == box.size


@st.composite
def street_maps(draw, size):
    """Class maps of a few blocks, the smallest of one pixel."""
    labels = np.full(size, draw(st.integers(0, 9)), np.uint8)
    for _ in range(draw(st.integers(0, 5))):
        top, left = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
        height, width = draw(st.integers(1, size[0] // 2)), draw(st.integers(1, size[1] // 2))
        labels[top : top + height, left : left + width] = draw(st.integers(0, 9))
    return labels


@pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle")
@pytest.mark.parametrize(
    ("known_side", "size", "feather"),
    [(420, (96, 160), 2), (64, (128, 160), 2), (64, (192, 200), 2), (64, (128, 160), 0), (64, (192, 200), 1)],
)
def test_regions_give_what_the_full_frame_gives(known_side, size, feather, monkeypatch, tmp_path):
    bundle = copy_that_knows("street", known_side, tmp_path / "street", feather_pixels=feather)
    scene = StreetScene(3, *size).render(1.0)

    def dense(labels, classes, growth, sides, factor):
        return plan_regions(labels, classes, 100 * CELL, reduction=factor)

    def load():
        return Synthesizer.load(bundle, device="cpu", threads=1, warmup=False)

    with load() as by_parts, load() as as_whole:

        @settings(max_examples=25, deadline=None)
        @given(labels=street_maps(size), seed=st.integers(0, 99))
        def check(labels, seed):
            means = np.random.default_rng(seed).uniform(270, 310, 10).astype(np.float32)
            given_maps = {"labels": labels, "thermal_labels": means[labels]}
            parts = by_parts(scene.rgb, **given_maps).kelvin
            with monkeypatch.context() as patch:
                patch.setattr(class_map, "plan_regions", dense)
                whole = as_whole(scene.rgb, **given_maps).kelvin
            # 1e-4 of the contrast's 10 K.
            np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-3)

        check()
