"""TensorRT engines: how they are described, built, judged and kept. Nothing here needs PyTorch."""

from thermalsdk.engines.cache import CacheEntry, EngineCache, default_folder
from thermalsdk.engines.flavours import FLAVOURS, Flavour, installed_flavours, load_flavour
from thermalsdk.engines.plan import build_target, plan_engines
from thermalsdk.engines.request import EngineRequest

__all__ = [
    "FLAVOURS",
    "CacheEntry",
    "EngineCache",
    "EngineRequest",
    "Flavour",
    "build_target",
    "default_folder",
    "installed_flavours",
    "load_flavour",
    "plan_engines",
]
