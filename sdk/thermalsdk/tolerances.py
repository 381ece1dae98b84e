"""How far results may differ: the one table that tests, export and self-tests use.

Differences are on the relative contrast delta in [-1, 1] unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Tolerance:
    """Limits of the absolute difference; None where a statistic is not limited."""

    maximum: float | None = None
    mean: float | None = None
    p999: float | None = None

    def accepts(self, difference: npt.NDArray[np.floating]) -> bool:
        """Whether a non-empty array of differences of any shape is finite and within every limit."""
        size = np.abs(difference.astype(np.float64))
        if not np.isfinite(size).all():
            return False
        measured = (
            (self.maximum, size.max()),
            (self.mean, size.mean()),
            (self.p999, np.quantile(size, 0.999)),
        )
        return all(limit is None or value <= limit for limit, value in measured)


#: Single precision, ONNX Runtime against PyTorch.
FP32_ORT = Tolerance(maximum=1e-4)
#: Single precision in TensorRT, which picks other algorithms for every GPU.
FP32_TENSORRT = Tolerance(maximum=1e-3)
#: Half precision in any run time.
FP16 = Tolerance(mean=2e-3, p999=1e-2)
#: Least share of pixels whose predicted class is the golden frame's; a few lie between two classes.
LABEL_AGREEMENT = 0.999
#: The composed frame in kelvin: float32 near 300 K steps by 3e-5 K, and a frame adds a few such errors.
COMPOSITE_KELVIN = Tolerance(maximum=3e-4)


def contrast_tolerance(backend: str, precision: str) -> Tolerance:
    """How far the contrasts of a backend ("onnxruntime", "tensorrt") may be from PyTorch's in FP32."""
    if precision == "fp16":
        return FP16
    return FP32_TENSORRT if backend == "tensorrt" else FP32_ORT
