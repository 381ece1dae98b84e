"""Checks of what a caller hands in. All of them run before any work is done."""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.bundle.manifest import MIN_SIDE
from thermalsdk.errors import (
    DtypeError,
    InputError,
    LabelError,
    OptionError,
    ShapeError,
    TemperatureError,
)
from thermalsdk.labels import VOID, LabelIds, LabelTable, open_table
from thermalsdk.labels.unlabelled import warn_of_unlabelled
from thermalsdk.temperatures import check_kelvin

COLORS = ("rgb", "bgr")


@contextmanager
def named(place: str) -> Iterator[None]:
    """Put `place`, such as the file that a frame was read from, in front of what an InputError says."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{place}: {error.message}", error.hint) from error


def check_frame(frame: npt.ArrayLike, color: str) -> npt.NDArray[np.uint8]:
    """Colour frame as C-contiguous RGB, without a copy where it already is that.

    Args:
        frame: uint8 HxWx3, any strides, H and W at least 64.
        color: "rgb" or "bgr", the order of its channels.

    Raises ShapeError, DtypeError or OptionError.
    """
    if color not in COLORS:
        raise OptionError(f"color={color!r} is unknown", "Choose 'rgb' or 'bgr' (OpenCV).")
    try:
        array = np.asarray(frame)
    except ValueError as error:
        raise ShapeError(
            f"the frame is no array: {error}",
            "A frame is one array of HxWx3. Class maps come along with SourceFrame(..., labels=...).",
        ) from error
    _check_is_array(array)
    _check_frame_shape(array)
    if array.dtype != np.uint8:
        raise DtypeError(f"the frame is {array.dtype}; a frame is uint8", _conversion(array.dtype))
    return np.ascontiguousarray(array if color == "rgb" else array[..., ::-1])


def _conversion(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return "If its values lie in [0, 1]: (frame * 255).round().astype(np.uint8)."
    if dtype.kind == "u" and dtype.itemsize == 2:
        return "If it uses all 16 bits: (frame >> 8).astype(np.uint8); otherwise scale it to 0...255 first."
    return "Scale its values to 0...255, then: frame.astype(np.uint8)."


def _check_is_array(array: npt.NDArray[Any]) -> None:
    """Raise ShapeError for what only became an array by being wrapped in one."""
    if array.ndim or array.dtype.kind not in "OUS":
        return
    value = array.item()
    if value is None:
        raise ShapeError(
            "the frame is None", "cv2.imread gives None for a file that it cannot read: check the path."
        )
    raise ShapeError(
        f"the frame is {reprlib.repr(value)}, no array",
        "Open the picture first: np.asarray(Image.open('road.png').convert('RGB')), or stream('road.png').",
    )


def _check_frame_shape(array: npt.NDArray[Any]) -> None:
    shape = "x".join(str(side) for side in array.shape) or "a single number"
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        raise ShapeError(
            f"the frame is {shape}: one channel; a frame is HxWx3",
            "Grey picture: np.stack([grey] * 3, axis=-1) with grey of HxW.",
        )
    if array.ndim == 3 and array.shape[2] == 4:
        raise ShapeError(
            f"the frame is {shape}: four channels; a frame is HxWx3", "Drop alpha: frame[..., :3]."
        )
    if array.ndim != 3 or array.shape[2] != 3:
        raise ShapeError(
            f"the frame is {shape}; a frame is HxWx3",
            "Channels first: np.moveaxis(frame, 0, -1). Several frames: one call each, or stream().",
        )
    if min(array.shape[:2]) < MIN_SIDE:
        raise ShapeError(
            f"the frame is {shape}; both sides are at least {MIN_SIDE} pixels",
            "Use a larger frame, or resize it first.",
        )


def is_count(value: object) -> bool:
    """Whether it is a whole number, Python's or NumPy's, of at least 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def check_label_ids(label_ids: LabelIds, classes: Sequence[str]) -> LabelTable | None:
    """Table of a numbering, None for the bundle's own. Raises LabelTableError where no bundle id follows."""
    table = open_table(label_ids)
    if table is not None:
        _bundle_ids(table, classes)
    return table


def check_instance_names(names: object) -> None:
    """Raise OptionError for anything but a mapping of ids to names, or None."""
    if names is None:
        return
    if not isinstance(names, Mapping) or not all(
        isinstance(key, (int, np.integer)) and isinstance(name, str) for key, name in names.items()
    ):
        raise OptionError(
            f"instance_names is {names!r}",
            "Give the name of every id: {7: 'BP_Truck_7'}; JSON has text: {int(k): v for k, v in ...}.",
        )


def check_camera(camera: object) -> None:
    """Raise OptionError for anything but a camera or None."""
    if camera is not None and not (hasattr(camera, "view") and hasattr(camera, "restart")):
        raise OptionError(
            f"camera is {camera!r}", "Give Camera.preset('boson640'), Camera.open('mine.yaml') or None."
        )


def check_labels(
    labels: npt.ArrayLike, size: tuple[int, int], table: LabelTable | None, classes: Sequence[str]
) -> npt.NDArray[np.uint8]:
    """Class map in the bundle's ids, always a new array.

    Args:
        labels: HxW of any integer type.
        size: (H, W) of the frame.
        table: their numbering, or None for the bundle's ids.
        classes: the bundle's classes in painter's order.

    Raises ShapeError, DtypeError or LabelError.
    """
    ids = _integers("labels", labels, size, highest=255).astype(np.uint8, order="C", copy=table is None)
    if table is None:
        known = ids
    else:
        warn_of_unlabelled(table, ids)
        known = compositing.take(ids, _bundle_ids(table, classes))
    if known.max() >= len(classes):
        unknown = ", ".join(str(value) for value in np.unique(ids[known >= len(classes)]))
        if table is None:
            raise LabelError(
                f"labels hold the ids {unknown}; the bundle has only 0 to {len(classes) - 1}",
                f"Name the numbering, such as label_ids='carla', or use its ids: {', '.join(classes)}.",
            )
        raise LabelError(
            f"labels hold the ids {unknown}, which carry no class in the numbering {table.name!r}",
            "Give those pixels another id, or use the numbering that the map was made with.",
        )
    return known


def _bundle_ids(table: LabelTable, classes: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Bundle id of every id of a table, which its owner may have changed: uint8[256], read-only."""
    return _lookup(table.name, tuple(table.classes.items()), table.default, tuple(classes))


@functools.lru_cache
def _lookup(
    name: str, listed: tuple[tuple[int, str], ...], default: str, classes: tuple[str, ...]
) -> npt.NDArray[np.uint8]:
    ids = LabelTable(name, "", dict(listed), default).lookup(classes)
    if "background" in classes:  # every pixel has to be of some class
        ids[ids == VOID] = classes.index("background")
    ids.setflags(write=False)
    return ids


def check_instances(instances: npt.ArrayLike, size: tuple[int, int]) -> npt.NDArray[np.uint16]:
    """Instance map as C-contiguous uint16 HxW. Raises ShapeError, DtypeError or LabelError."""
    ids = _integers("instances", instances, size, highest=65535)
    return np.ascontiguousarray(ids, dtype=np.uint16)


def check_thermal_labels(thermal_labels: npt.ArrayLike, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Map of temperatures as a new float32 HxW in kelvin.

    Raises ShapeError, DtypeError or TemperatureError.
    """
    array = np.asarray(thermal_labels)
    _check_size("thermal_labels", array, size)
    if array.dtype.kind != "f":
        raise DtypeError(
            f"thermal_labels are {array.dtype}; a map of temperatures is float32 in kelvin",
            "Centikelvin counts: counts.astype(np.float32) / 100.",
        )
    lowest, highest = float(array.min()), float(array.max())
    if not np.isfinite(lowest + highest):
        raise TemperatureError(
            "thermal_labels hold NaN or infinity", "Fill every pixel with a temperature in kelvin."
        )
    check_kelvin("thermal_labels hold", lowest)
    check_kelvin("thermal_labels hold", highest)
    return np.array(array, dtype=np.float32, order="C")


def check_out(out: Any, size: tuple[int, int]) -> None:
    """Raise ShapeError or DtypeError when kelvin cannot be written into `out`."""
    if not isinstance(out, np.ndarray) or out.dtype != np.float32 or not out.flags.carray:
        raise DtypeError(
            "out is no writeable, C-contiguous float32 array", "out = np.empty((height, width), np.float32)."
        )
    _check_size("out", out, size)


def _integers(name: str, values: npt.ArrayLike, size: tuple[int, int], highest: int) -> npt.NDArray[Any]:
    array = np.asarray(values)
    _check_size(name, array, size)
    if array.dtype.kind not in "iu":
        raise DtypeError(
            f"{name} are {array.dtype}; ids are integers",
            "Make the map again as integers: interpolating or scaling ids invents classes.",
        )
    if array.dtype.itemsize > 1 or array.dtype.kind == "i":
        lowest, largest = int(array.min()), int(array.max())
        if lowest < 0 or largest > highest:
            raise LabelError(
                f"{name} hold ids from {lowest} to {largest}; ids lie in 0 to {highest}",
                "Take the id channel of an encoded map, or number the ids anew.",
            )
    return array


def _check_size(name: str, array: npt.NDArray[Any], size: tuple[int, int]) -> None:
    if array.shape != size:
        found = "x".join(str(side) for side in array.shape) or "a single number"
        raise ShapeError(
            f"{name} are {found}, the frame is {size[0]}x{size[1]}",
            "Give a map of HxW of the same size; resize ids with nearest-neighbour only.",
        )
