"""A Gymnasium wrapper that adds a thermal picture to the observation."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.camera import Camera
from thermalsdk.camera.optics import size_on_detector
from thermalsdk.errors import MissingDependency, OptionError
from thermalsdk.inputs import check_camera
from thermalsdk.labels import LabelIds

try:
    import gymnasium
except ImportError as error:
    raise MissingDependency(
        f"environments need Gymnasium, and it cannot be imported: {error}", "pip install 'thermalsdk[gym]'"
    ) from error

#: dtype and highest value by what a thermal observation may be. Surfaces have at most 2000 K, and the
#: contrast inside an object stays far below that.
_OUTPUTS: dict[str, tuple[type[np.generic], float]] = {
    "kelvin": (np.float32, 4000.0),
    "raw16": (np.uint16, 65535),
    "display": (np.uint8, 255),
}


class ThermalObservation(gymnasium.ObservationWrapper, gymnasium.utils.RecordConstructorArgs):
    """Adds a key to an observation that is, or holds, a colour picture.

    An observation that is a picture becomes a dictionary of it, under `rgb`, and the thermal one. For an
    environment that only renders, wrap it in `gymnasium.wrappers.AddRenderObservation` first.

    Args:
        env: environment whose observations are uint8 HxWx3, or dictionaries that hold such pictures.
        synthesize: a Synthesizer, or functools.partial of one.
        rgb: key of the colour picture.
        labels: key of the class map in the observation, or None to let the bundle's segmenter make it.
        label_ids: numbering of the class map.
        instances: key of the instance map, or None.
        output: "kelvin" (float32 HxW), "raw16" (uint16 HxW, 0.01 K per count) or "display" (uint8 HxW).
        key: key of the thermal picture.
        camera: what looks at the surfaces, switched off and on at every reset; None for a perfect radiometer.
        shape: (H, W) of the thermal picture where `synthesize` gives another size than the colour picture's.

    Raises OptionError when the observation space does not hold what is named, or already holds `key`, and for
    a camera that is none.
    """

    def __init__(
        self,
        env: Any,
        synthesize: Synthesize,
        *,
        rgb: str = "rgb",
        labels: str | None = None,
        label_ids: LabelIds = "bundle",
        instances: str | None = None,
        output: str = "kelvin",
        key: str = "thermal",
        camera: Camera | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        if output not in _OUTPUTS:
            raise OptionError(f"output={output!r} is unknown", f"Choose one of {', '.join(_OUTPUTS)}.")
        check_camera(camera)
        gymnasium.utils.RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,  # a synthesizer is one thing, not a value
            synthesize=synthesize,
            rgb=rgb,
            labels=labels,
            label_ids=label_ids,
            instances=instances,
            output=output,
            key=key,
            camera=camera,
            shape=shape,
        )
        super().__init__(env)
        self._synthesize = synthesize
        self._rgb, self._labels, self._instances, self._key = rgb, labels, instances, key
        self._label_ids = label_ids
        self._output, self._camera, self._shape = output, camera, shape
        self._picture_alone = not isinstance(env.observation_space, gymnasium.spaces.Dict)
        self.observation_space = self._space(env.observation_space)

    def _space(self, given: Any) -> Any:
        spaces = {self._rgb: given} if self._picture_alone else dict(given.spaces)
        absent = [key for key in (self._rgb, self._labels, self._instances) if key and key not in spaces]
        if absent:
            raise OptionError(
                f"the observation has no {absent[0]!r}", f"Name one of {', '.join(map(repr, spaces))}."
            )
        if self._key in spaces:
            raise OptionError(
                f"the observation already has {self._key!r}", "Choose another key for the thermal picture."
            )
        picture = spaces[self._rgb]
        if len(picture.shape or ()) != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise OptionError(
                f"the observation {self._rgb!r} is {picture.dtype} {picture.shape}",
                "Name a colour picture, uint8 HxWx3; gymnasium.wrappers.AddRenderObservation adds one.",
            )
        kind, highest = _OUTPUTS[self._output]
        shape = self._shape or self._shape_of(picture.shape[:2])
        spaces[self._key] = gymnasium.spaces.Box(0, highest, shape, kind)
        return gymnasium.spaces.Dict(spaces)

    def _shape_of(self, colours: tuple[int, int]) -> tuple[int, int]:
        """Surfaces have the size of the colours; what a camera shows has its detector's."""
        if self._camera is None or self._camera.config.resolution is None or self._output == "kelvin":
            return colours
        return size_on_detector(colours, self._camera.config.resolution)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Reset the environment, and switch the camera off and on: episodes have nothing of one another."""
        if self._camera is not None:
            self._camera.restart()
        return super().reset(seed=seed, options=options)

    def observation(self, observation: Any) -> dict[str, Any]:
        """The observation with the thermal picture. Raises all that a call of the synthesizer raises."""
        shown = {self._rgb: observation} if self._picture_alone else dict(observation)
        frame = self._synthesize(
            shown[self._rgb],
            color="rgb",
            labels=shown[self._labels] if self._labels else None,
            label_ids=self._label_ids,
            instances=shown[self._instances] if self._instances else None,
        )
        if self._camera is not None:
            frame = self._camera.view(frame)
        shown[self._key] = getattr(frame, self._output)
        return shown
