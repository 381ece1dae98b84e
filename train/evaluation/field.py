"""The numbers that are compared: counts of an 8-bit picture, or contrast alone where level means nothing."""

import numpy as np
import numpy.typing as npt

from train.data import Dataset, Sample

NOMINAL_OFFSET_KELVIN = 273.15
NOMINAL_KELVIN_PER_COUNT = 0.2


def has_level(dataset: Dataset) -> bool:
    """Whether absolute differences to the truth mean something, so that PSNR may be given."""
    return dataset.thermal is not None and dataset.thermal.level == "absolute"


def counts(dataset: Dataset, kelvin: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Kelvin (HxW) as counts of the set's own 8-bit scale, else of the nominal one.

    Clipped to 0..255 where the set's own pictures are; left open for 16-bit sets, whose frames may be colder
    or hotter, and for a set with per-frame gain, whose level, and so whose clipping, means nothing.
    """
    scale = dataset.thermal
    if scale is None or scale.encoding != "counts8":
        return (kelvin.astype(np.float64) - NOMINAL_OFFSET_KELVIN) / NOMINAL_KELVIN_PER_COUNT
    values = (kelvin.astype(np.float64) - scale.offset_kelvin) / scale.kelvin_per_count
    return np.clip(values, 0.0, 255.0) if has_level(dataset) else values


def truth(dataset: Dataset, sample: Sample) -> npt.NDArray[np.float64]:
    """Return the real thermal frame in the same numbers, HxW."""
    if (
        dataset.thermal is not None
        and dataset.thermal.encoding == "counts8"
        and sample.raw_counts is not None
    ):
        return sample.raw_counts.astype(np.float64)
    return counts(dataset, sample.thermal_kelvin)


def luma(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return Rec. 601 luma of uint8 HxWx3, 0..255."""
    return rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
