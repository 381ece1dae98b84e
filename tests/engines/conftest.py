"""Engines that are really built, once a session, from the graphs that ship."""

import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.engines import CacheEntry, EngineCache, load_flavour
from thermalsdk.engines.flavours import PORTABLE
from thermalsdk.engines.plan import PlannedEngine, plan_engine


@pytest.fixture(scope="session")
def rtx():
    pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx has wheels for x86-64 Linux and Windows only")
    return load_flavour("rtx")


@pytest.fixture(scope="session")
def street():
    if "street" not in shipped_bundles():
        pytest.skip("sdk/thermalsdk/bundles/street is not in this checkout")
    return Bundle.open("street")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return EngineCache(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="session")
def plan(rtx):
    """Call with (GraphSpec, model, ...): the engine to be of a graph, with all its profiles."""

    def call(spec, model, *, precision="fp32", regions=True, flavour=rtx, target=PORTABLE):
        return plan_engine(spec, model, regions, flavour, target, precision)

    return call


@dataclass(frozen=True)
class BuiltEngines:
    """What was planned and what came of it, by file of the FP32 graph; encoder first, then the layers."""

    by_graph: dict[str, tuple[PlannedEngine, CacheEntry]]
    processor_seconds: float


@pytest.fixture(scope="session")
def build_all(street, plan, cache):
    """Call with a precision and a model for each file: engines of the encoder and of every layer."""

    def call(precision, models):
        encoder, layers = street.manifest.graphs.encoder, street.manifest.graphs.layers.values()
        planned = {
            spec.file: plan(spec, models[spec.file], precision=precision, regions=spec is not encoder)
            for spec in (encoder, *layers)
        }
        before = _children_seconds()
        with ThreadPoolExecutor(2) as pool:  # each build is a process of its own
            entries = pool.map(lambda engine: cache.get(engine.request, engine.model), planned.values())
            pairs = list(zip(planned.values(), entries, strict=True))
        return BuiltEngines(dict(zip(planned, pairs, strict=True)), _children_seconds() - before)

    return call


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="session")
def engines(street, build_all):
    """Engines of the encoder and of every layer that ship, in FP32."""
    graphs = street.manifest.graphs
    return build_all(
        "fp32", {spec.file: street.model(spec) for spec in (graphs.encoder, *graphs.layers.values())}
    )


@pytest.fixture(scope="session")
def twins(street, tmp_path_factory):
    """Half-precision twins of the encoder and of every layer, by file of the FP32 graph."""
    exported = pytest.importorskip("tests.engines.half_twins", reason="export needs PyTorch")
    return exported.half_twins(street, tmp_path_factory.mktemp("twins"))


@pytest.fixture(scope="session")
def half_engines(build_all, twins):
    """The same in half precision."""
    return build_all("fp16", twins)


@pytest.fixture(scope="session")
def layer(engines):
    """Engine of a layer in FP32: (what was planned, what came of it)."""
    return engines.by_graph["layer_car.onnx"]
