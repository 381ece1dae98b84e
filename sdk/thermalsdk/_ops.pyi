"""Signatures of the native module; `compositing/reference.py` says what each function computes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

def agc_linear(kelvin: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.uint8]: ...
def class_fractions(labels: npt.NDArray[np.uint8], classes: int) -> npt.NDArray[np.float32]: ...
def composite(
    labels: npt.NDArray[np.uint8],
    objects: npt.NDArray[np.int32],
    contrasts: Sequence[npt.NDArray[np.float32] | None],
    thermal_labels: npt.NDArray[np.float32],
    contrast_kelvin: float,
    feather: int,
    threads: int = 1,
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]: ...
def condition(
    labels: npt.NDArray[np.uint8],
    thermal_labels: npt.NDArray[np.float32],
    class_id: int,
    offset: float,
    scale: float,
) -> npt.NDArray[np.float32]: ...
def connected_components(
    labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16] | None = None
) -> tuple[npt.NDArray[np.int32], int]: ...
def labels_from_logits(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]: ...
def object_means(
    objects: npt.NDArray[np.int32], count: int, values: npt.NDArray[np.float32], stride: int = 1
) -> npt.NDArray[np.float32]: ...
def planes(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]: ...
def planes_4(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]: ...
def raw16(kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]: ...
