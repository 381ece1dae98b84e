"""Predicted temperatures of a moving picture, steady from frame to frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import TemperatureError

#: Every fourth pixel of every fourth row is compared with the frame before; means need no more.
_STEP = 4
#: Share of the picture that goes on from one frame to the next; where no more does, there was a cut.
_GOES_ON = 0.25


class PredictedTemperatures:
    """The bundle's predictions for the frames of one video, in order; "auto" forgets from frame to frame.

    The labeller sees one frame at a time, and its level wavers by half a kelvin between frames that hardly
    differ, and by several kelvin where it takes a street for another one, which shows as flicker. Here an
    object keeps most of the temperature that its pixels had in the frame before, and moves towards its
    prediction by the rest. Where an object has no past, that of its class counts. After a cut, where three
    quarters of the picture are of another class or differ by more than `jump_kelvin`, all is as predicted.

    Args:
        keep: share of the former temperature that stays at each frame, 0 to less than 1.
        jump_kelvin: difference beyond which a pixel speaks for a cut.

    Raises TemperatureError for a value outside of these.
    """

    def __init__(self, keep: float = 0.85, jump_kelvin: float = 4.0) -> None:
        if not 0 <= keep < 1 or not jump_kelvin > 0:
            raise TemperatureError(
                f"keep={keep!r} and jump_kelvin={jump_kelvin!r} steady nothing",
                "keep lies in 0 to less than 1, jump_kelvin is positive.",
            )
        self._keep = keep
        self._jump_kelvin = jump_kelvin
        self._labels: npt.NDArray[np.uint8] | None = None
        self._kelvin: npt.NDArray[np.float32] | None = None

    def follow(
        self,
        labels: npt.NDArray[np.uint8],
        objects: npt.NDArray[np.int32],
        predicted: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        """Temperatures of the objects of the next frame.

        Args:
            labels: class map HxW; a frame of another size than the one before starts anew.
            objects: object ids HxW.
            predicted: float32 [objects], kelvin.

        Returns float32 [objects], kelvin.
        """
        seen_labels, seen_objects = labels[::_STEP, ::_STEP], objects[::_STEP, ::_STEP]
        kelvin = predicted
        if self._labels is not None and self._kelvin is not None and self._labels.shape == seen_labels.shape:
            kept = seen_labels == self._labels
            change = predicted[seen_objects] - self._kelvin
            if (kept & (np.abs(change) <= self._jump_kelvin)).mean() > _GOES_ON:
                class_of = np.zeros(len(predicted), np.uint8)
                class_of[objects] = labels  # of every pixel: small objects fall between the compared ones
                excess = _excess(seen_labels, seen_objects, change, kept, class_of)
                excess[~np.isfinite(excess)] = 0.0  # nothing is kept of NaN
                kelvin = (predicted - self._keep * excess).astype(np.float32)
        self._labels, self._kelvin = seen_labels.copy(), kelvin[seen_objects]
        return kelvin


def _excess(
    labels: npt.NDArray[np.uint8],
    objects: npt.NDArray[np.int32],
    change: npt.NDArray[np.float32],
    kept: npt.NDArray[np.bool_],
    class_of: npt.NDArray[np.uint8],
) -> npt.NDArray[np.float64]:
    """How much warmer than before each object is predicted: float64 [objects], kelvin.

    It is the mean change over the object's pixels that had its class before, `kept`; its other pixels count
    with the mean over all such pixels of the class.
    """
    ids, classes, warmer = objects[kept], labels[kept], change[kept]
    count = len(class_of)
    overlap = np.bincount(ids, minlength=count)
    of_object = np.bincount(ids, warmer, count) / np.maximum(overlap, 1)
    of_class = np.bincount(classes, warmer, 256) / np.maximum(np.bincount(classes, minlength=256), 1)
    share = overlap / np.maximum(np.bincount(objects.ravel(), minlength=count), 1)
    mixed: npt.NDArray[np.float64] = share * of_object + (1 - share) * of_class[class_of]
    return mixed
