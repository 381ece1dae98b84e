"""A tiny Gymnasium environment that shows the procedural street."""

import gymnasium
import numpy as np

from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import StreetScene

HEIGHT, WIDTH = 64, 96


class StreetEnvironment(gymnasium.Env):
    """Drives on for four steps; observations are dictionaries, or the colour picture alone."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15}  # noqa: RUF012 - Gymnasium's way

    def __init__(self, alone=False, render_mode="rgb_array"):
        picture = gymnasium.spaces.Box(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        ids = gymnasium.spaces.Box(0, len(STREET_CLASSES) - 1, (HEIGHT, WIDTH), np.uint8)
        numbers = gymnasium.spaces.Box(0, 65535, (HEIGHT, WIDTH), np.uint16)
        maps = {"rgb": picture, "labels": ids, "objects": numbers}
        self.observation_space = picture if alone else gymnasium.spaces.Dict(maps)
        self.action_space = gymnasium.spaces.Discrete(2)
        self.render_mode = render_mode
        self.alone = alone

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._scene = StreetScene(int(self.np_random.integers(100)), HEIGHT, WIDTH)
        self._time = 0.0
        return self._observation(), {}

    def step(self, action):
        self._time += 0.25 * action
        return self._observation(), 0.0, self._time >= 1.0, False, {}

    def render(self):
        return self._scene.render(self._time).rgb

    def _observation(self):
        self.moment = self._scene.render(self._time)
        if self.alone:
            return self.moment.rgb
        return {"rgb": self.moment.rgb, "labels": self.moment.labels, "objects": self.moment.instances}
