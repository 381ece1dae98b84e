"""Predicted temperatures along a video: steady, yet they arrive, jump at cuts, and forget nothing else."""

import numpy as np
import pytest

from tests.sdk.conftest import moving_picture
from thermalsdk import PredictedTemperatures, compositing
from thermalsdk.errors import TemperatureError

SKY, CAR = 1, 8


def street(left):
    """Sky, with a car whose left side is given."""
    labels = np.full((96, 128), SKY, np.uint8)
    labels[40:60, left : left + 30] = CAR
    return labels


def follow(temperatures, labels, sky, car):
    objects, count = compositing.connected_components(labels)
    kelvin = temperatures.follow(labels, objects, np.array([sky, car], np.float32)[:count])
    assert (kelvin.dtype, kelvin.shape) == (np.float32, (count,))
    return kelvin


def test_the_first_frame_is_as_predicted():
    np.testing.assert_array_equal(follow(PredictedTemperatures(), street(20), 260, 290), [260, 290])


def test_noise_shrinks_and_the_level_stays():
    rng = np.random.default_rng(0)
    temperatures = PredictedTemperatures(keep=0.8)
    raw = 290 + rng.normal(0, 0.5, 200)
    steady = np.array([follow(temperatures, street(20 + i // 4), 260, car)[1] for i, car in enumerate(raw)])
    assert np.abs(np.diff(steady)).mean() < 0.3 * np.abs(np.diff(raw)).mean()
    assert steady[20:].mean() == pytest.approx(290, abs=0.2)


def test_a_change_arrives_in_time():
    temperatures = PredictedTemperatures(keep=0.5)
    follow(temperatures, street(20), 260, 290)
    assert follow(temperatures, street(20), 260, 292)[1] == pytest.approx(291)
    assert follow(temperatures, street(20), 260, 292)[1] == pytest.approx(291.5)


def test_an_object_that_jumps_alone_follows():
    temperatures = PredictedTemperatures(keep=0.5, jump_kelvin=4)
    follow(temperatures, street(20), 260, 290)
    np.testing.assert_array_equal(follow(temperatures, street(20), 260, 300), [260, 295])


def test_a_cut_to_other_classes_is_taken_at_once():
    temperatures = PredictedTemperatures()
    follow(temperatures, street(20), 260, 290)
    labels = street(20)[:, ::-1].copy()
    labels[labels == SKY] = 2
    np.testing.assert_array_equal(follow(temperatures, labels, 261, 291), [261, 291])


def test_a_jump_of_all_is_taken_at_once():
    temperatures = PredictedTemperatures(jump_kelvin=4)
    follow(temperatures, street(20), 260, 290)
    np.testing.assert_array_equal(follow(temperatures, street(20), 270, 300), [270, 300])


def test_what_is_not_finite_is_forgotten():
    temperatures = PredictedTemperatures()
    for car in (290, np.nan):
        follow(temperatures, street(20), 260, car)
    np.testing.assert_array_equal(follow(temperatures, street(20), 260, 291), [260, 291])


def test_an_object_without_a_past_follows_its_class():
    temperatures = PredictedTemperatures(keep=0.5)
    follow(temperatures, street(20), 260, 290)
    labels = street(20)
    labels[70:90, 100:120] = CAR
    objects, count = compositing.connected_components(labels)
    kelvin = temperatures.follow(labels, objects, np.array([260, 292, 305], np.float32))
    assert count == 3
    np.testing.assert_allclose(kelvin, [260, 291, 304])


def test_an_object_too_small_to_be_compared_follows_its_class_not_the_first():
    temperatures = PredictedTemperatures(keep=0.5)
    labels = street(20)
    labels[5:8, 5:8] = CAR  # between the pixels that are compared
    objects, _ = compositing.connected_components(labels)
    of = {name: objects[place] for name, place in (("sky", (0, 0)), ("far", (6, 6)), ("near", (50, 30)))}
    for sky in (260, 263):
        predicted = np.zeros(3, np.float32)
        predicted[[of["sky"], of["far"], of["near"]]] = sky, 305, 290
        kelvin = temperatures.follow(labels, objects, predicted)
    np.testing.assert_allclose(kelvin[[of["sky"], of["far"], of["near"]]], [261.5, 305, 290])


def test_another_size_starts_anew():
    temperatures = PredictedTemperatures()
    follow(temperatures, street(20), 260, 290)
    np.testing.assert_array_equal(follow(temperatures, street(20)[:80], 261, 291), [261, 291])


@pytest.mark.parametrize("options", [{"keep": 1.0}, {"keep": -0.1}, {"jump_kelvin": 0}, {"keep": np.nan}])
def test_nonsense_is_refused(options):
    with pytest.raises(TemperatureError, match="steady nothing"):
        PredictedTemperatures(**options)


def test_calls_of_a_synthesizer(synth, labels):
    temperatures = PredictedTemperatures()
    first, second = moving_picture(0), moving_picture(1)
    begun = synth(first, labels=labels, temperatures=temperatures)
    np.testing.assert_array_equal(begun.kelvin, synth(first, labels=labels).kelvin)
    steady, alone = synth(second, labels=labels, temperatures=temperatures), synth(second, labels=labels)
    np.testing.assert_array_equal(steady.labels, alone.labels)
    assert not np.array_equal(steady.thermal_labels, alone.thermal_labels)
    with pytest.raises(TemperatureError, match="both"):
        synth(first, temperatures=temperatures, thermal_labels=alone.thermal_labels)


def test_streams_are_steady_where_the_source_moves(synth, video, folder):
    streamed = list(synth.stream(video, policy="all"))
    given = list(synth.stream(video, policy="all", temperatures=PredictedTemperatures()))
    np.testing.assert_array_equal(given[-1].kelvin, streamed[-1].kelvin)
    for index, frame in enumerate(synth.stream(folder)):
        np.testing.assert_array_equal(frame.kelvin, synth(moving_picture(index)).kelvin)
