"""Data sets: the canonical format on disk, its reader and writer, and the sources it is prepared from."""

from train.data.errors import DatasetError
from train.data.format import Dataset, Sample
from train.data.spec import TRUSTED, Box, DatasetSpec, FrameSpec, ThermalSpec
from train.data.spread import spread
from train.data.writer import DatasetWriter

__all__ = [
    "TRUSTED",
    "Box",
    "Dataset",
    "DatasetError",
    "DatasetSpec",
    "DatasetWriter",
    "FrameSpec",
    "Sample",
    "ThermalSpec",
    "spread",
]
