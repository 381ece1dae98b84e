"""The wrapper is a Gymnasium environment by Gymnasium's own checks, and shows what a call gives."""

from functools import partial

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import AddRenderObservation

from tests.sdk.adapters.street_environment import HEIGHT, WIDTH, StreetEnvironment
from thermalsdk import Camera, Temperatures
from thermalsdk.adapters.gymnasium import ThermalObservation
from thermalsdk.errors import OptionError

WARM = Temperatures(ambient=285.0, classes={"person": 305.0})


@pytest.fixture
def see(street):
    return partial(street, temperatures=WARM)


@pytest.mark.parametrize("output", ["kelvin", "raw16", "display"])
def test_gymnasiums_own_check(see, output):
    env = ThermalObservation(StreetEnvironment(), see, labels="labels", output=output)
    with pytest.warns(
        UserWarning, match="different from the unwrapped version"
    ):  # it says that of any wrapper
        check_env(env, skip_render_check=True)


@pytest.mark.parametrize("output", ["kelvin", "raw16", "display"])
def test_the_thermal_picture_is_that_of_a_call(street, see, output):
    env = ThermalObservation(StreetEnvironment(), see, labels="labels", instances="objects", output=output)
    env.reset(seed=3)
    observation, *_ = env.step(1)
    moment = env.unwrapped.moment
    expected = street(moment.rgb, labels=moment.labels, instances=moment.instances, temperatures=WARM)
    np.testing.assert_array_equal(observation["thermal"], getattr(expected, output))
    np.testing.assert_array_equal(observation["rgb"], moment.rgb)
    assert env.observation_space.contains(observation)


def test_a_picture_alone_becomes_a_dictionary_of_both(street):
    env = ThermalObservation(StreetEnvironment(alone=True), street, key="ir")
    observation, _ = env.reset(seed=3)
    assert list(observation) == ["rgb", "ir"]
    np.testing.assert_array_equal(observation["ir"], street(env.unwrapped.moment.rgb).kelvin)
    assert env.observation_space.contains(observation)


def test_what_an_environment_renders_can_be_seen(street):
    env = ThermalObservation(AddRenderObservation(StreetEnvironment()), street)
    observation, _ = env.reset(seed=3)
    assert observation["thermal"].shape == (HEIGHT, WIDTH)


def test_a_camera_of_another_size(street):
    class Halved:
        """What a call gives when a camera with a small detector is bound to it."""

        def __init__(self, frame):
            self.kelvin = frame.kelvin[::2, ::2]

    def see(frame, **inputs):
        return Halved(street(frame, **inputs))

    env = ThermalObservation(StreetEnvironment(), see, shape=(HEIGHT // 2, WIDTH // 2))
    observation, _ = env.reset(seed=3)
    assert env.observation_space.contains(observation)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rgb": "colour"}, "no 'colour'"),
        ({"labels": "tags"}, "no 'tags'"),
        ({"key": "rgb"}, "already has 'rgb'"),
        ({"rgb": "labels"}, "'labels' is uint8"),
        ({"output": "celsius"}, "celsius"),
        ({"camera": "boson640"}, "camera is 'boson640'"),
    ],
)
def test_what_the_observation_does_not_hold_is_refused(see, options, message):
    with pytest.raises(OptionError, match=message):
        ThermalObservation(StreetEnvironment(), see, **options)


def test_a_camera_starts_anew_with_every_episode(see):
    camera = Camera.preset("lepton160")
    env = ThermalObservation(StreetEnvironment(), see, labels="labels", output="display", camera=camera)
    first, _ = env.reset(seed=3)
    assert env.observation_space.contains(first)
    for _ in range(3):
        env.step(1)
    again, _ = env.reset(seed=3)
    np.testing.assert_array_equal(again["thermal"], first["thermal"])
