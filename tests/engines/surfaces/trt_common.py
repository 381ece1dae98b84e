"""What TensorRT 10 and 11 have in common, over tensorrt_rtx."""

import tensorrt_rtx as rtx

FOREIGN_TIMES = b"of another device"


class TimingCache:
    """Kernel times: here only a count of the builds that added to them."""

    def __init__(self, content):
        self.foreign = content == FOREIGN_TIMES
        self.builds = 0 if self.foreign else int(content or b"0")

    def serialize(self):
        return str(self.builds).encode()


class Config:
    """IBuilderConfig without compute capabilities, and with a timing cache that needs no GPU."""

    _GONE = ("num_compute_capabilities", "set_compute_capability", "get_compute_capability")

    def __init__(self, real):
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "timing", None)

    def __getattr__(self, name):
        if name in self._GONE:
            raise AttributeError(f"'IBuilderConfig' object has no attribute {name!r}")
        return getattr(self.real, name)

    def __setattr__(self, name, value):
        if name in self._GONE:
            raise AttributeError(f"'IBuilderConfig' object has no attribute {name!r}")
        setattr(self.real, name, value)

    def create_timing_cache(self, content):
        return TimingCache(content)

    def set_timing_cache(self, cache, ignore_mismatch):
        assert not ignore_mismatch
        if not cache.foreign:
            object.__setattr__(self, "timing", cache)
        return not cache.foreign


class Builder(rtx.Builder):
    """Insists on a strongly typed network, which 10.x does not give by default."""

    def create_network(self, flags=0):
        assert flags & 1 << int(rtx.NetworkDefinitionCreationFlag.STRONGLY_TYPED), "weakly typed"
        return super().create_network(flags)

    def create_builder_config(self):
        return Config(super().create_builder_config())

    def build_serialized_network(self, network, config):
        config.timing.builds += 1
        return super().build_serialized_network(network, config.real)


class Runtime:
    """Cannot judge headers, and takes no engine of tensorrt_rtx."""

    def __init__(self, logger):
        pass

    def deserialize_cuda_engine(self, plan):
        return None


def surface(**own):
    """Names of a module: those of tensorrt_rtx without its own additions, and `own`."""
    added = ("EngineValidity", "EngineInvalidityDiagnostics", "ComputeCapability", "IRuntimeConfig")
    names = {name: getattr(rtx, name) for name in dir(rtx) if name not in added and not name.startswith("_")}
    return {**names, "Builder": Builder, "Runtime": Runtime, **own}
