"""How far results may differ: the one table that tests, export and self-tests use.

Differences are on the relative contrast delta in [-1, 1] unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Deviation:
    """How far results differ: mean, 99.9th percentile and largest absolute difference."""

    mean: float
    p999: float
    maximum: float

    @classmethod
    def of(cls, difference: npt.NDArray[np.floating]) -> Deviation:
        """Of a non-empty array of any shape; infinite where one value is not finite."""
        size = np.abs(difference.astype(np.float64))
        if not np.isfinite(size).all():
            return cls(np.inf, np.inf, np.inf)
        return cls(float(size.mean()), float(np.quantile(size, 0.999)), float(size.max()))

    @classmethod
    def worst(cls, deviations: Sequence[Deviation]) -> Deviation:
        """The largest of each."""
        return cls(
            max(d.mean for d in deviations),
            max(d.p999 for d in deviations),
            max(d.maximum for d in deviations),
        )


@dataclass(frozen=True)
class Tolerance:
    """Limits of the absolute difference; None where a statistic is not limited."""

    maximum: float | None = None
    mean: float | None = None
    p999: float | None = None

    def accepts(self, difference: npt.NDArray[np.floating]) -> bool:
        """Whether a non-empty array of differences of any shape is finite and within every limit."""
        return self.allows(Deviation.of(difference))

    def allows(self, deviation: Deviation) -> bool:
        """Whether a deviation is finite and within every limit."""
        limits = ((self.maximum, deviation.maximum), (self.mean, deviation.mean), (self.p999, deviation.p999))
        return bool(np.isfinite(deviation.maximum)) and all(
            limit is None or value <= limit for limit, value in limits
        )


#: Single precision, ONNX Runtime against PyTorch.
FP32_ORT = Tolerance(maximum=1e-4)
#: Single precision in TensorRT, which picks other algorithms for every GPU.
FP32_TENSORRT = Tolerance(maximum=1e-3)
#: Half precision against single precision, on any backend.
FP16 = Tolerance(mean=2e-3, p999=1e-2)
#: The same of the labeller, in kelvin, whose own error is some kelvin; and of the segmenter, share of pixels.
FP16_TEMPERATURE_KELVIN = Tolerance(mean=0.05, p999=0.2)
FP16_CHANGED_CLASSES = 0.01
#: Share of pixels whose predicted class may differ in single precision; a few lie between two classes.
FP32_CHANGED_CLASSES = 0.001
#: The same in 8-bit integers, whose scores are judged at export: this tells nonsense from rounding.
INT8_CHANGED_CLASSES = 0.1
#: The composed frame in kelvin: float32 near 300 K steps by 3e-5 K, and a frame adds a few such errors.
COMPOSITE_KELVIN = Tolerance(maximum=3e-4)
#: `pipeline.onnx` against the SDK, in kelvin: layers on the whole frame against layers in regions.
PIPELINE_KELVIN = Tolerance(mean=1e-3)


def contrast_tolerance(backend: str, precision: str) -> Tolerance:
    """How far the contrasts of a backend ("onnxruntime", "tensorrt") may be from PyTorch's in FP32.

    precision: in which the layers run, "fp32" or "fp16"; the backend's own may be "int8", of the segmenter.
    """
    if precision == "fp16":
        return FP16
    return FP32_TENSORRT if backend == "tensorrt" else FP32_ORT
