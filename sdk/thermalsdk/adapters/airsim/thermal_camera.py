"""A thermal camera at the place of one of AirSim's cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.adapters.airsim.images import bgr, ids_of_colours
from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.frame import Frame

_SCENE, _SEGMENTATION, _INFRARED = 0, 5, 7


@dataclass(frozen=True)
class ThermalImage:
    """A thermal frame with what `airsim.ImageResponse` says of the colour image it was made of.

    Args:
        time_stamp: nanoseconds of the simulator's clock.
        camera_position: `airsim.Vector3r`, metres, north-east-down.
        camera_orientation: `airsim.Quaternionr`.
        thermal: the thermal frame.
    """

    time_stamp: int
    camera_position: Any
    camera_orientation: Any
    thermal: Frame


class ThermalCamera:
    """Thermal images of one of AirSim's cameras.

    One `simGetImages` asks for the colours and the object ids together, so that both show the same moment.
    The ids come from the image type Infrared, where an object is as grey as its id, or from Segmentation
    where a palette is given.

    Args:
        client: a connected `airsim` client.
        synthesize: a Synthesizer, or functools.partial of one, with the temperatures of `AirSimObjects`.
        camera_name: AirSim's name of the camera.
        vehicle_name: AirSim's name of its vehicle, empty for the only one.
        palette: colours of the segmentation image, see `read_palette`; None to use the infrared one, which
            must have no noise then (settings.json).
    """

    def __init__(
        self,
        client: Any,
        synthesize: Synthesize,
        *,
        camera_name: str = "0",
        vehicle_name: str = "",
        palette: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        self._client = client
        self._synthesize = synthesize
        self._vehicle_name = vehicle_name
        self._palette = palette
        kinds = (_SCENE, _INFRARED if palette is None else _SEGMENTATION)
        self._requests = [_ImageRequest(camera_name, kind) for kind in kinds]

    def read(self) -> ThermalImage:
        """Thermal image of this moment.

        Raises VideoError when AirSim gives an empty image, ShapeError, LabelError for a colour that is not in
        the palette, and all that a call of the synthesizer raises.
        """
        scene, objects = self._client.simGetImages(self._requests, self._vehicle_name)
        ids = self._ids(bgr(objects))
        thermal = self._synthesize(bgr(scene), color="bgr", labels=ids, label_ids="airsim", instances=ids)
        return ThermalImage(scene.time_stamp, scene.camera_position, scene.camera_orientation, thermal)

    def _ids(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return pixels[..., 0] if self._palette is None else ids_of_colours(pixels, self._palette)


class _ImageRequest:
    """What `airsim.ImageRequest` sends; made here, so that every fork's client takes it."""

    def __init__(self, camera_name: str, image_type: int) -> None:
        self.camera_name = camera_name
        self.image_type = image_type
        self.pixels_as_float = False
        self.compress = False

    def to_msgpack(self, *_: object, **__: object) -> dict[str, Any]:
        """Fields on the wire."""
        return self.__dict__
