"""What a synthesizer is told of a frame: colours alone (`rgb`), or maps and temperatures too (`given`)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from skimage.measure import label as connected_regions

from thermalsdk.labels import VOID
from train.data import TRUSTED, DatasetError, FrameSpec, Sample

Protocol = Literal["given", "rgb"]
PROTOCOLS: tuple[Protocol, ...] = ("given", "rgb")
BACKGROUND = 0


@dataclass(frozen=True)
class GivenInputs:
    """Inputs of protocol `given` beside the colour frame.

    labels: uint8 HxW class ids, unsure pixels made background. thermal_labels: R, float32 HxW in kelvin, one
    mean per component. instances: uint16 HxW, the component of each pixel, from 1.
    """

    labels: npt.NDArray[np.uint8]
    thermal_labels: npt.NDArray[np.float32]
    instances: npt.NDArray[np.uint16]


def components(sample: Sample) -> npt.NDArray[np.intp]:
    """Objects of a frame: 4-connected regions of one id in the source's own map, numbered from 1. HxW.

    Unsure pixels (255) form regions of their own. A set without maps/ is divided by its class labels.
    """
    ids = sample.labels if sample.source_map is None else sample.source_map
    if ids is None:
        raise DatasetError(
            f"frame {sample.stem!r} has no class map", "Protocol `given` needs labels: use `rgb`."
        )
    return connected_regions(ids.astype(np.int32), background=-1, connectivity=1)


def region_means(regions: npt.NDArray[np.intp], values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Paint the mean of `values` (HxW) over each region (HxW, ids from 0). float64 HxW."""
    flat = regions.ravel()
    sizes = np.bincount(flat)
    sums = np.bincount(flat, weights=values.ravel().astype(np.float64))
    return (sums / np.maximum(sizes, 1))[regions]


def given_inputs(sample: Sample) -> GivenInputs:
    """Protocol `given` of one frame: R is the true mean of each component, never split finer."""
    regions = components(sample)
    if sample.labels is None or sample.thermal_kelvin is None:
        raise DatasetError(f"frame {sample.stem!r} lacks labels or thermal", "Protocol `given` needs both.")
    if regions.max() > np.iinfo(np.uint16).max:
        raise DatasetError(
            f"the map of {sample.stem!r} has {regions.max()} regions", "At most 65535: smooth the map."
        )
    return GivenInputs(
        labels=np.where(sample.labels == VOID, np.uint8(BACKGROUND), sample.labels),
        thermal_labels=region_means(regions, sample.thermal_kelvin).astype(np.float32),
        instances=regions.astype(np.uint16),
    )


def is_scored(frame: FrameSpec, protocol: Protocol) -> bool:
    """Whether a protocol scores this frame: `given` needs maps that can be relied on."""
    return protocol == "rgb" or frame.label_source in TRUSTED
