"""The procedural street: deterministic, consistent, moving smoothly, and warm where it should be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from thermalsdk.errors import ShapeError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.radiometry import LONG_WAVE
from thermalsdk.scenes import StreetScene
from thermalsdk.scenes.light import ASPHALT
from thermalsdk.scenes.raster import Canvas

IDS = {name: index for index, name in enumerate(STREET_CLASSES)}
SIZE = (128, 160)
LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def gallery():
    """Frames of 28 seeds with their scenes, small."""
    scenes = [StreetScene(seed, *SIZE) for seed in range(28)]
    return [(scene, scene.render(2.0)) for scene in scenes]


def shifted(mask, pixels):
    """A mask grown by a number of pixels in the four directions, one after the other."""
    for _ in range(pixels):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (480, 640), (200, 96)])
def test_shapes_and_types(size):
    frame = StreetScene(5, *size).render(0.5)
    assert (frame.rgb.shape, frame.rgb.dtype) == ((*size, 3), np.uint8)
    assert (frame.labels.shape, frame.labels.dtype) == (size, np.uint8)
    assert (frame.instances.shape, frame.instances.dtype) == (size, np.uint16)
    assert (frame.kelvin.shape, frame.kelvin.dtype) == (size, np.float32)
    assert frame.time_s == 0.5
    for array in (frame.rgb, frame.labels, frame.instances, frame.kelvin):
        assert array.flags.c_contiguous
        assert array.flags.owndata


@pytest.mark.parametrize("size", [(63, 64), (64, 0), (64, -1), (64.0, 64), ("64", 64), (True, 64)])
def test_bad_sizes_are_refused(size):
    with pytest.raises(ShapeError) as caught:
        StreetScene(0, *size)
    assert "64" in caught.value.hint


def test_a_frame_depends_on_seed_and_time_only():
    straight = StreetScene(11, *SIZE)
    wandering = StreetScene(11, *SIZE)
    for time_s in (7.0, 0.2, 33.0):
        wandering.render(time_s)
    first, second = straight.render(1.25), wandering.render(1.25)
    for name in ("rgb", "labels", "instances", "kelvin"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    other = StreetScene(12, *SIZE).render(1.25)
    assert (first.labels != other.labels).mean() > 0.1


def test_frames_follow_the_rate():
    scene = StreetScene(3, 64, 64)
    frames = list(scene.frames(3, fps=10.0))
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 0.2])
    np.testing.assert_array_equal(frames[2].kelvin, scene.render(0.2).kelvin)


def test_conditions_can_be_given():
    drawn = StreetScene(3, 64, 64).conditions
    warmer = replace(drawn, ambient_kelvin=drawn.ambient_kelvin + 8.0)
    scene = StreetScene(3, 64, 64, conditions=warmer)
    assert scene.conditions is warmer
    assert scene.render(0.0).kelvin.mean() > StreetScene(3, 64, 64).render(0.0).kelvin.mean() + 3.0


def test_all_classes_appear(gallery):
    share = sum(np.bincount(frame.labels.ravel(), minlength=10) for _, frame in gallery)
    assert len(share) == len(STREET_CLASSES)
    assert np.all(share > 0), dict(zip(STREET_CLASSES, share, strict=True))


def test_an_instance_has_one_label(gallery):
    for _, frame in gallery:
        pairs = np.unique(np.stack([frame.instances.ravel(), frame.labels.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(pairs[0]))
        assert pairs[0].min() > 0


def test_instances_keep_their_label_over_time():
    scene = StreetScene(4, *SIZE)
    seen = {}
    for frame in scene.frames(6, fps=4.0):
        for instance, label in np.unique(np.stack([frame.instances.ravel(), frame.labels.ravel()]), axis=1).T:
            assert seen.setdefault(int(instance), int(label)) == label


@pytest.mark.parametrize("seed", [1, 4, 9, 17])
def test_motion_is_smooth(seed):
    frames = list(StreetScene(seed, *SIZE).frames(4, fps=30.0))
    for before, after in pairwise(frames):
        assert (before.labels != after.labels).mean() < 0.09
        assert np.abs(before.kelvin - after.kelvin).mean() < 1.0


@pytest.mark.parametrize(("seed", "start"), [(20, 0.85), (53, 0.5)])
def test_close_things_leave_through_the_edge(seed, start):
    """A tree (20) and a bus (53) that the camera passes do not vanish from one frame to the next."""
    scene = StreetScene(seed, 64, 80)
    frames = [scene.render(start + i / 60) for i in range(12)]
    for before, after in pairwise(frames):
        gone = np.setdiff1d(before.instances, after.instances)
        assert np.isin(before.instances, gone).mean() < 0.05


def test_things_move():
    moved = []
    for seed in range(6):
        scene = StreetScene(seed, *SIZE)
        moved.append((scene.render(0.0).labels != scene.render(2.0).labels).mean())
    assert min(moved) > 0.0005
    assert max(moved) > 0.02


def test_temperatures_are_plausible(gallery):
    for _, frame in gallery:
        assert np.isfinite(frame.kelvin).all()
        assert frame.kelvin.min() >= 250.0
        assert frame.kelvin.max() <= 345.0
        low, high = np.percentile(frame.kelvin, [25, 99.5])
        assert low > 250.5
        assert high < 332.0


def test_the_sky_is_coldest(gallery):
    for _, frame in gallery:
        sky = frame.labels == IDS["sky"]
        if sky.sum() < 200:
            continue
        for name in ("road", "building", "vegetation", "car", "person"):
            mask = frame.labels == IDS[name]
            if mask.sum() > 100:
                assert frame.kelvin[sky].mean() < frame.kelvin[mask].mean(), name


def test_people_outshine_their_surroundings_at_night(gallery):
    contrasts = []
    for scene, frame in gallery:
        if not scene.conditions.night:
            continue
        for instance in np.unique(frame.instances[frame.labels == IDS["person"]]):
            body = frame.instances == instance
            ring = shifted(body, 3) & ~shifted(frame.labels == IDS["person"], 1)
            if body.sum() >= 30 and ring.sum() >= 20:
                contrasts.append(frame.kelvin[body].mean() - frame.kelvin[ring].mean())
    assert len(contrasts) >= 5
    assert np.mean(np.array(contrasts) > 1.0) > 0.9
    assert np.median(contrasts) > 4.0


def test_running_vehicles_have_hot_parts(gallery):
    spans = []
    for _, frame in gallery:
        for instance in np.unique(frame.instances[frame.labels == IDS["car"]]):
            body = frame.instances == instance
            if body.sum() >= 80:
                spans.append(np.ptp(frame.kelvin[body]))
    assert np.median(spans) > 5.0


def test_objects_have_texture(gallery):
    for name in ("road", "building", "vegetation", "person"):
        spread = [
            frame.kelvin[m].std() for _, frame in gallery if (m := frame.labels == IDS[name]).sum() > 150
        ]
        assert np.median(spread) > 0.3, name


def test_the_thermal_picture_is_softer_than_the_labels(gallery):
    """A lens spreads every step: the sky's rim is no jump of a single pixel."""
    for scene, frame in gallery[:6]:
        step = np.abs(np.diff(frame.kelvin, axis=0)).max()
        span = np.ptp(frame.kelvin)
        assert step < 0.85 * span, scene.seed


def test_colour_does_not_give_heat_away(gallery):
    correlations = []
    for _, frame in gallery:
        correlations.append(np.corrcoef(frame.kelvin.ravel(), (frame.rgb @ LUMA).ravel())[0, 1])
    # The best affine fit on luma explains the squared correlation of the variance.
    explained = float(np.mean(np.square(correlations)))
    assert abs(np.mean(correlations)) < 0.2, correlations
    assert explained < 0.25, correlations


def test_pictures_vary_in_light(gallery):
    brightness = [frame.rgb.mean() for _, frame in gallery]
    assert np.std(brightness) > 15.0
    night = [frame.rgb.mean() for scene, frame in gallery if scene.conditions.night]
    day = [frame.rgb.mean() for scene, frame in gallery if not scene.conditions.night]
    assert len(night) >= 5
    assert len(day) >= 5
    assert np.mean(night) < np.mean(day)


def test_sun_warms_and_shadow_cools():
    drawn = StreetScene(0, *SIZE).conditions
    day = replace(
        drawn,
        night=False,
        irradiance=800.0,
        sun_elevation_deg=55.0,
        sun_azimuth_deg=10.0,
        cloud=0.0,
        wetness=0.0,
    )
    dull = replace(day, irradiance=0.0, cloud=1.0)
    road = [StreetScene(0, *SIZE, conditions=c).render(0.0) for c in (day, dull)]
    warm = [frame.kelvin[frame.labels == IDS["road"]].mean() for frame in road]
    assert warm[0] > warm[1] + 5.0


def test_ground_is_a_grey_body_under_the_sky():
    """A clear, dry night: of asphalt at T, 0.95 of the radiance is its own and the sky mirrors in it."""
    drawn = StreetScene(0, *SIZE).conditions
    clear = replace(drawn, night=True, irradiance=0.0, cloud=0.0, wetness=0.0, lamp_light=0.0)
    scene = StreetScene(0, *SIZE, conditions=clear)
    light, frame = scene.light, scene.render(0.0)
    true = light.kelvin(ASPHALT, 0.3, 0.0, 0.75)
    mirrored = 0.75 * light.sky + 0.25 * light.air
    apparent = LONG_WAVE.kelvin_at(0.95 * LONG_WAVE.radiance_at(true) + 0.05 * mirrored)
    assert apparent < true - 0.7
    bare = np.percentile(frame.kelvin[frame.labels == IDS["road"]], 20)  # without tracks and warm patches
    assert bare == pytest.approx(apparent, abs=0.3)


def test_polygon_coverage_is_its_area():
    canvas = Canvas(32, 32)
    canvas.begin(3, 40)
    corners = np.array([[4.25, 5.5], [20.75, 5.5], [20.75, 15.5], [4.25, 15.5]])
    canvas.polygon(corners, np.ones(4, np.float32))
    assert canvas.light[..., 0].sum() == pytest.approx(16.5 * 10.0, rel=0.02)
    assert canvas.labels[10, 10] == 3
    assert set(np.unique(canvas.instances)) == {0, 40}


def test_shapes_outside_the_frame_draw_nothing():
    canvas = Canvas(16, 16)
    canvas.begin(1, 1)
    away = np.array([100.0, 100.0])
    canvas.ellipse(away, np.array([3.0, 0.0]), np.array([0.0, 3.0]), np.ones(4, np.float32))
    canvas.capsule(away, away + 5.0, 2.0, np.ones(4, np.float32))
    canvas.polygon(np.array([[-9.0, -9.0], [-5.0, -9.0], [-5.0, -5.0]]), np.ones(4, np.float32))
    assert not canvas.light.any()
    assert not canvas.labels.any()
