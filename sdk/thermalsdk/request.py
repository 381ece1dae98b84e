"""One call of the synthesizer, checked: from here on every stage may rely on its arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.inputs import (
    check_frame,
    check_instance_names,
    check_instances,
    check_label_ids,
    check_labels,
    check_out,
    check_thermal_labels,
)
from thermalsdk.labels import LabelIds
from thermalsdk.temperatures import TemperatureChoice, Temperatures, check_choice


@dataclass(frozen=True, eq=False)
class Request:
    """What a call asks for.

    Args:
        rgb: uint8 HxWx3, C-contiguous.
        labels: uint8 HxW in the bundle's ids, its own array; None for the segmenter's.
        instances: uint16 HxW, or None.
        temperatures: as the call was given them, names of instances replaced by their ids.
        thermal_labels: R, float32 HxW in kelvin, its own array; None where `temperatures` make it.
        out: float32 HxW that receives kelvin, or None.
        start: when the call began, by `time.perf_counter`.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8] | None
    instances: npt.NDArray[np.uint16] | None
    temperatures: TemperatureChoice
    thermal_labels: npt.NDArray[np.float32] | None
    out: npt.NDArray[np.float32] | None
    start: float

    @classmethod
    def checked(
        cls,
        frame: npt.ArrayLike,
        classes: Sequence[str],
        *,
        color: str = "rgb",
        labels: npt.ArrayLike | None = None,
        label_ids: LabelIds = "bundle",
        instances: npt.ArrayLike | None = None,
        instance_names: Mapping[int, str] | None = None,
        temperatures: TemperatureChoice = "auto",
        thermal_labels: npt.ArrayLike | None = None,
        out: npt.NDArray[np.float32] | None = None,
    ) -> Request:
        """Check everything that `Synthesizer.__call__` takes; `classes` are the bundle's, in painter's order.

        Raises ShapeError, DtypeError, LabelError, TemperatureError or OptionError.
        """
        start = time.perf_counter()
        rgb = check_frame(frame, color)
        size = (rgb.shape[0], rgb.shape[1])
        check_choice(temperatures, thermal_labels is not None)
        if out is not None:
            check_out(out, size)
        table = check_label_ids(label_ids, classes)
        check_instance_names(instance_names)
        given_labels = None if labels is None else check_labels(labels, size, table, classes)
        given_instances = None if instances is None else check_instances(instances, size)
        given_map = None if thermal_labels is None else check_thermal_labels(thermal_labels, size)
        if isinstance(temperatures, Temperatures):
            temperatures.check(classes, given_instances is not None, instance_names is not None)
            temperatures = temperatures.resolved(instance_names or {})
        return cls(rgb, given_labels, given_instances, temperatures, given_map, out, start)
