"""TensorRT 10.13."""

import enum

from tests.engines.surfaces import trt_common


class NetworkDefinitionCreationFlag(enum.IntEnum):
    EXPLICIT_BATCH = 1
    STRONGLY_TYPED = int(trt_common.rtx.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


class BuilderFlag:
    """TF32 as it is; a precision flag in a strongly typed network is an error of TensorRT 10."""

    TF32 = trt_common.rtx.BuilderFlag.TF32

    @property
    def FP16(self):  # noqa: N802 - TensorRT's name
        raise AssertionError("precision flags do not go with strongly typed networks")

    INT8 = BF16 = FP8 = OBEY_PRECISION_CONSTRAINTS = FP16


globals().update(
    trt_common.surface(NetworkDefinitionCreationFlag=NetworkDefinitionCreationFlag, BuilderFlag=BuilderFlag())
)
__version__ = "10.13.3.9"
