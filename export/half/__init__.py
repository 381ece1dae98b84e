"""`--fp16`: half-precision twins of a bundle's graphs, audited on frames and compared with FP32."""

from export.half.twins import HalfPrecisionError, add_half_twins

__all__ = ["HalfPrecisionError", "add_half_twins"]
