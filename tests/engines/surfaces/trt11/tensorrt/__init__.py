"""TensorRT 11.4: precision flags, EXPLICIT_BATCH and what went with them are absent."""

from tests.engines.surfaces import trt_common

globals().update(trt_common.surface())
__version__ = "11.4.0.106"
assert not hasattr(trt_common.rtx.BuilderFlag, "FP16")
assert not hasattr(trt_common.rtx.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH")
