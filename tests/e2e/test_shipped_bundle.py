"""The bundle that ships: whole, small, the numbers of where it was made, and obedient to temperatures."""

import numpy as np
import pytest

from thermalsdk import Synthesizer, Temperatures
from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.compositing import connected_components
from thermalsdk.compositing.reference import window_is_uniform
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import HELD_OUT, StreetScene
from thermalsdk.tolerances import FP32_ORT

pytestmark = pytest.mark.skipif(
    "street" not in shipped_bundles(), reason="sdk/thermalsdk/bundles/street is not in this checkout"
)

IDS = {name: number for number, name in enumerate(STREET_CLASSES)}
MEBIBYTE = 2**20
#: Streets with people near by, at 240x320: by day and at night.
DAY, NIGHT = HELD_OUT + 44, HELD_OUT + 48
SIZE = (240, 320)
STREET = Temperatures(ambient=280.0, classes={"sky": 255.0, "building": 282.0, "car": 290.0, "person": 303.0})


@pytest.fixture(scope="module")
def bundle():
    return Bundle.open("street")


@pytest.fixture(scope="module")
def synth():
    with Synthesizer.load("street", device="cpu", precision="fp32", warmup=False) as synthesizer:
        yield synthesizer


@pytest.fixture(scope="module")
def golden(bundle):
    with np.load(bundle.path / bundle.manifest.golden) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def night():
    scene = StreetScene(NIGHT, *SIZE)
    assert scene.conditions.night
    return scene.render(1.0)


def grown(mask, pixels):
    """A mask and every pixel within a square window of it."""
    padded = np.pad(mask, pixels)
    height, width = mask.shape
    windows = (
        padded[row : row + height, column : column + width]
        for row in range(2 * pixels + 1)
        for column in range(2 * pixels + 1)
    )
    return np.any(list(windows), axis=0)


def test_contents(bundle):
    manifest = bundle.manifest
    assert manifest.classes == STREET_CLASSES
    assert manifest.graphs.segmenter is not None
    assert manifest.graphs.labeller is not None
    assert not bundle.offers("fp16")
    assert manifest.parity
    assert manifest.training
    size = sum(path.stat().st_size for path in bundle.path.rglob("*") if path.is_file())
    assert size <= 25 * MEBIBYTE
    listed = {*manifest.files, "manifest.json"}
    assert {path.relative_to(bundle.path).as_posix() for path in bundle.path.rglob("*")} == listed
    assert "MODEL_CARD.md" in listed


def test_golden_frame_of_given_maps(synth, golden, bundle):
    frame = synth(golden["rgb"], labels=golden["labels"], thermal_labels=golden["thermal_labels"])
    difference = (frame.kelvin - golden["kelvin"]) / bundle.manifest.contrast_kelvin
    assert FP32_ORT.accepts(difference), np.abs(difference).max()


def test_golden_frame_of_colour_alone(synth, golden):
    """Another processor may tip the scales of a few pixels that lie between two classes, and no more."""
    frame = synth(golden["rgb"])
    assert (frame.labels == golden["auto_labels"]).mean() > 0.999
    assert (np.abs(frame.kelvin - golden["auto_kelvin"]) < 0.05).mean() > 0.95


@pytest.mark.parametrize("seed", [DAY, NIGHT])
def test_a_street_from_colour_alone(synth, seed):
    scene = StreetScene(seed, *SIZE).render(1.0)
    frame = synth(scene.rgb)
    low, high = synth.info.kelvin_range
    margin = synth.info.contrast_kelvin
    assert np.isfinite(frame.kelvin).all()
    assert low - 2 * margin < frame.kelvin.min() < frame.kelvin.max() < high + 2 * margin
    assert np.ptp(frame.kelvin) > 2.0
    assert len(np.unique(frame.labels)) >= 3


def test_temperatures_are_obeyed(synth, bundle, night):
    """The mean over an object's core, away from its rim, where classes blend, is what was set."""
    frame = synth(night.rgb, labels=night.labels, temperatures=STREET)
    objects, count = connected_components(night.labels)
    core = window_is_uniform(night.labels, bundle.manifest.feather_pixels)
    checked = 0
    for number in range(count):
        inside = core & (objects == number)
        if inside.any():
            wanted = frame.thermal_labels[inside][0]
            assert frame.kelvin[inside].mean(dtype=np.float64) == pytest.approx(wanted, abs=0.01)
            checked += 1
    assert checked >= 10


def test_people_are_warmer_than_their_surroundings_at_night(synth, night):
    frame = synth(night.rgb, labels=night.labels, instances=night.instances, temperatures=STREET)
    people = night.labels == IDS["person"]
    checked = 0
    for number in np.unique(night.instances[people]):
        body = night.instances == number
        ring = grown(body, 4) & ~grown(people, 1)
        if body.sum() < 60 or not ring.any():
            continue
        assert frame.kelvin[body].mean() > frame.kelvin[ring].mean() + 3.0
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize(("name", "kelvin"), [("person", 313.0), ("road", 290.0)])
def test_one_class_moves_alone(synth, bundle, night, name, kelvin):
    def synthesize(temperatures):
        return synth(night.rgb, labels=night.labels, temperatures=temperatures).kelvin

    changed = Temperatures(ambient=STREET.ambient, classes={**STREET.classes, name: kelvin})
    before, after = synthesize(STREET), synthesize(changed)
    step = kelvin - STREET.classes.get(name, STREET.ambient)
    of_class = night.labels == IDS[name]
    feather = bundle.manifest.feather_pixels
    np.testing.assert_array_equal(before[~grown(of_class, feather)], after[~grown(of_class, feather)])
    core = ~grown(~of_class, feather)
    assert core.sum() > 200
    assert (after - before)[core].mean() == pytest.approx(step, rel=0.02)
