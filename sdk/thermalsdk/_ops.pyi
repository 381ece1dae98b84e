"""Signatures of the native module; `compositing/reference.py` says what each function computes."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Entry = TypeVar("_Entry", np.float32, np.uint8)

#: Whether the module was built with CUDA: without it the two functions at the end are absent.
has_cuda: bool
#: Whether ONNX Runtime computes 8-bit networks right on this processor.
sums_int8_exactly: bool

class ObjectMap:
    """The objects of one class map, in the form in which the composition takes them.

    Raises InputError for a feather outside of 0 to 4 pixels.
    """

    def __init__(self, feather: int) -> None: ...
    def analyse(self, labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16] | None = None) -> None:
        """Take on another class map [H,W]; objects are those of `connected_components`."""

    @property
    def count(self) -> int:
        """Number of objects."""

    def ids(self) -> npt.NDArray[np.int32]:
        """The object of every pixel, int32 [H,W]."""

def agc_linear(kelvin: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.uint8]: ...
def blur(values: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...
def class_fractions(
    labels: npt.NDArray[np.uint8], classes: int, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]: ...
def composite(
    objects: ObjectMap,
    regions: npt.NDArray[np.int32],
    contrasts: npt.NDArray[np.float32],
    sums: npt.NDArray[np.float32],
    thermal_labels: npt.NDArray[np.float32],
    contrast_kelvin: float,
    threads: int = 1,
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]: ...
def conditions(
    labels: npt.NDArray[np.uint8],
    thermal_labels: npt.NDArray[np.float32],
    classes: int,
    offset: float,
    scale: float,
    threads: int = 1,
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]: ...
def connected_components(
    labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16] | None = None
) -> tuple[npt.NDArray[np.int32], int]: ...
def contrast_sums(
    objects: ObjectMap,
    regions: npt.NDArray[np.int32],
    index: int,
    contrasts: npt.NDArray[np.float32],
    sums: npt.NDArray[np.float32],
) -> None: ...
def copy_part(part: npt.NDArray[np.float32], out: npt.NDArray[np.float32]) -> None: ...
def enlarge(
    plane: npt.NDArray[np.float32], factor: int, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]: ...
def interpolate(
    positions: npt.NDArray[np.float32], table: npt.NDArray[np.float32], low: float, step: float
) -> npt.NDArray[np.float32]: ...
def labels_from_logits(logits: npt.NDArray[np.float32], threads: int = 1) -> npt.NDArray[np.uint8]: ...
def object_means(
    objects: ObjectMap, values: npt.NDArray[np.float32], stride: int = 1
) -> npt.NDArray[np.float32]: ...
def paint(objects: ObjectMap, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...
def plan_regions(
    labels: npt.NDArray[np.uint8],
    classes: int,
    growth: int,
    overhead: int,
    sizes: Sequence[int],
    reduction: int = 1,
) -> npt.NDArray[np.int32]: ...
def planes(
    rgb: npt.NDArray[np.uint8], threads: int = 1, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]: ...
def planes_4(
    rgb: npt.NDArray[np.uint8], threads: int = 1, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]: ...
def raw16(kelvin: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]: ...
def reduce(rgb: npt.NDArray[np.uint8], factor: int, threads: int = 1) -> npt.NDArray[np.uint8]: ...
def take(
    indices: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], table: npt.NDArray[_Entry]
) -> npt.NDArray[_Entry]: ...
def composite_cuda_scratch(object_count: int) -> int:
    """Bytes of device memory that `composite_cuda` needs as scratch."""

def composite_cuda(
    height: int,
    width: int,
    object_count: int,
    labels: int,
    objects: int,
    contrasts: Sequence[int | None],
    thermal_labels: int,
    contrast_kelvin: float,
    feather: int,
    scratch: int,
    out: int | None,
    stream: int,
    raw16: int | None = None,
    grey: int | None = None,
    agc_table: int | None = None,
) -> None:
    """Queue `composite` on a CUDA stream and return without waiting.

    Planes, scratch and out are addresses of contiguous device memory with the types of `composite`; stream
    is a cudaStream_t, 0 for the default one. The same kernel writes uint16 counts of 0.01 K to `raw16` and,
    through the uint8 [65536] of `agc_table`, uint8 greys to `grey`; what is None is left out. Nothing in
    device memory can be checked: object ids must be below object_count, and every class that labels hold must
    have a plane.

    Raises:
        InputError: `grey` without `agc_table`, too many classes, or a feather that is too wide.
        ShapeError: a size that is not positive.
        InferenceError: CUDA refused the launch.
    """
