"""`sensor_msgs/CameraInfo` of the thermal image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def intrinsics(info: Any | None, width: int, height: int) -> dict[str, Any]:
    """Fields of the CameraInfo of a thermal image but for its header.

    Args:
        info: CameraInfo of the colour camera in whose place the thermal one stands, or None where there is
            none: the matrices are zero then, by which ROS marks an uncalibrated camera.
        width: pixels of a row of the thermal image. Where they are not the colour image's (its region of
            interest, where it has one), the matrices are scaled as for a resized image.
        height: rows of the thermal image.
    """
    size = {"height": height, "width": width}
    if info is None or not (info.width and info.height):
        matrices = {"d": np.zeros(0), "k": np.zeros(9), "r": np.zeros(9), "p": np.zeros(12)}
        return {**size, "distortion_model": "", **matrices}
    region = info.roi
    whole = not (region.width and region.height)
    across = width / (info.width if whole else region.width)
    down = height / (info.height if whole else region.height)
    corner = (0, 0) if whole else (region.x_offset, region.y_offset)
    return {
        **size,
        "distortion_model": info.distortion_model,
        "d": np.array(_field(info, "d"), np.float64),
        "k": _scaled(_field(info, "k"), corner, across, down),
        "r": np.array(_field(info, "r"), np.float64),
        "p": _scaled(_field(info, "p"), corner, across, down),
    }


def _field(info: Any, name: str) -> Any:
    """A matrix by its ROS 2 name, also of a ROS 1 message, whose names are capitals."""
    return getattr(info, name) if hasattr(info, name) else getattr(info, name.upper())


def _scaled(matrix: Any, corner: tuple[int, int], across: float, down: float) -> npt.NDArray[np.float64]:
    """A projection in pixels that count from a corner (x, y) and have another width and height."""
    rows = np.array(matrix, np.float64).reshape(3, -1)
    rows[:2] -= np.multiply.outer(corner, rows[2])
    rows *= np.array([[across], [down], [1.0]])
    return rows.reshape(-1)
