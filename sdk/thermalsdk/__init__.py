"""Thermal infrared frames from colour frames, at video rate.

The public names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from thermalsdk.version import __version__

if TYPE_CHECKING:
    from thermalsdk.camera import Camera as Camera
    from thermalsdk.errors import ThermalSDKError as ThermalSDKError
    from thermalsdk.frame import Frame as Frame
    from thermalsdk.predicted import PredictedTemperatures as PredictedTemperatures
    from thermalsdk.synthesizer import Synthesizer as Synthesizer
    from thermalsdk.temperatures import ScenePrior as ScenePrior
    from thermalsdk.temperatures import Temperatures as Temperatures

_HOME = {
    "Camera": "thermalsdk.camera",
    "Frame": "thermalsdk.frame",
    "PredictedTemperatures": "thermalsdk.predicted",
    "ScenePrior": "thermalsdk.temperatures",
    "Synthesizer": "thermalsdk.synthesizer",
    "Temperatures": "thermalsdk.temperatures",
    "ThermalSDKError": "thermalsdk.errors",
}

__all__ = [
    "Camera",
    "Frame",
    "PredictedTemperatures",
    "ScenePrior",
    "Synthesizer",
    "Temperatures",
    "ThermalSDKError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'thermalsdk' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
