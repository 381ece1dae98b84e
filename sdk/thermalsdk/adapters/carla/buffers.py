"""Views of CARLA's BGRA buffers; nothing is copied.

`carla.Image.raw_data` is memory of the image, which does not live longer than it. Whoever keeps a view has to
keep its image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import ShapeError

#: Two bytes read as one number with the earlier one, blue, in front.
_BIG_ENDIAN = np.dtype(">u2")


def bgra(image: Any) -> npt.NDArray[np.uint8]:
    """Pixels of a `carla.Image`: uint8 HxWx4. Raises ShapeError when the buffer has another size."""
    pixels = np.frombuffer(image.raw_data, np.uint8)
    if pixels.size != image.height * image.width * 4:
        raise ShapeError(
            f"the image says {image.height}x{image.width} and holds {pixels.size} bytes",
            "Give images of a camera sensor: four bytes a pixel.",
        )
    return pixels.reshape(image.height, image.width, 4)


def bgr(image: Any) -> npt.NDArray[np.uint8]:
    """Colours of `sensor.camera.rgb`: uint8 HxWx3."""
    return bgra(image)[..., :3]


def tags(image: Any) -> npt.NDArray[np.uint8]:
    """Semantic tags of a semantic or instance segmentation camera, as it sent them: uint8 HxW."""
    return bgra(image)[..., 2]


def instance_ids(image: Any) -> npt.NDArray[np.uint16]:
    """Instances of `sensor.camera.instance_segmentation`: uint16 HxW, green + 256 * blue.

    From 0.9.16 on these are the lower 16 bits of `actor.id` where the object is an actor, and Unreal's own
    ids otherwise (carla-simulator/carla#8334); before that they are all Unreal's.
    """
    return bgra(image).view(_BIG_ENDIAN)[..., 0]
