import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermalsdk import Synthesizer, Temperatures, networks, regions
from thermalsdk.bundle import shipped_bundles
from thermalsdk.regions import STEP, region_of
from thermalsdk.scenes import StreetScene


@given(
    rows=st.lists(st.integers(0, 95), min_size=1, max_size=4),
    columns=st.lists(st.integers(0, 159), min_size=1, max_size=4),
    growth=st.integers(0, 40),
)
def test_box_holds_the_class_and_its_surroundings(rows, columns, growth):
    mask = np.zeros((96, 160), bool)
    for row, column in zip(rows, columns, strict=False):
        mask[row, column] = True
    region = region_of(mask, growth)
    assert all(edge % STEP == 0 for edge in (region.top, region.bottom, region.left, region.right))
    ys, xs = np.nonzero(mask)
    assert region.top <= max(0, ys.min() - growth)
    assert region.bottom >= min(96, ys.max() + 1 + growth)
    assert region.left <= max(0, xs.min() - growth)
    assert region.right >= min(160, xs.max() + 1 + growth)
    assert region.bottom <= 96
    assert region.right <= 160
    assert mask[region.cells(1)].sum() == mask.sum()


def test_absent_class_has_no_box():
    assert region_of(np.zeros((16, 16), bool)) is None


@pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle")
def test_boxes_give_what_the_full_frame_gives(monkeypatch):
    scene = StreetScene(3, 192, 320).render(1.0)
    with Synthesizer.load("street", device="cpu", threads=1, warmup=False) as synth:
        temperatures = Temperatures(ambient=285.0, classes={"person": 306.0, "car": 300.0})
        boxed = synth(scene.rgb, labels=scene.labels, temperatures=temperatures)
        monkeypatch.setattr(networks, "region_of", lambda mask: regions.region_of(mask, 10_000))
        dense = synth(scene.rgb, labels=scene.labels, temperatures=temperatures)
    # 1e-4 of the contrast's 10 K.
    np.testing.assert_allclose(boxed.kelvin, dense.kelvin, rtol=0, atol=1e-3)
