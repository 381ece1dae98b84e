"""Engines that are really built, once a session, from the graphs that ship; and a stand-in GPU."""

import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from export.fused.graph import fused_model, fused_spec
from tests.engines import fake_gpu
from tests.engines.fake_gpu import FakeGpu
from tests.engines.fused_graph import with_fused
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.backends import cuda_device
from thermalsdk.backends import tensorrt as tensorrt_backend
from thermalsdk.bundle import Bundle, shipped_bundles, write_manifest
from thermalsdk.engines import CacheEntry, EngineCache, load_flavour
from thermalsdk.engines import cache as caching
from thermalsdk.engines.flavours import PORTABLE
from thermalsdk.engines.plan import PlannedEngine, plan_engine
from thermalsdk.generators import choose


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
    """What was planned and what came of it, by file of the FP32 graph; and what that took."""

    by_graph: dict[str, tuple[PlannedEngine, CacheEntry]]
    processor_seconds: float


@pytest.fixture(scope="session")
def specs(street):
    """What every engine is built of: the encoder, the layers, and the graph that joins them."""
    graphs = street.manifest.graphs
    return (graphs.encoder, *graphs.layers.values(), fused_spec(street.manifest))


@pytest.fixture(scope="session")
def build_all(street, specs, plan, cache):
    """Call with a precision and a bundle: the engines of all `specs`."""

    def call(precision, bundle):
        layers = set(street.manifest.graphs.layers.values())
        fused = fused_model(bundle, precision).SerializeToString()
        planned = {
            spec.file: plan(
                spec,
                fused if spec is specs[-1] else bundle.model(spec, precision),
                precision=precision,
                regions=spec in layers,
            )
            for spec in specs
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
def engines(build_all, street):
    """Engines of the shipped bundle in FP32."""
    return build_all("fp32", street)


@pytest.fixture(scope="session")
def half_engines(build_all, street, tmp_path_factory):
    """The same in half precision."""
    exported = pytest.importorskip("tests.engines.half_twins", reason="export needs PyTorch")
    folder = tmp_path_factory.mktemp("twins")
    exported.write_half_twins(street, folder)
    return build_all("fp16", Bundle(folder, write_manifest(folder, street.manifest)))


@pytest.fixture(scope="session")
def layer(engines):
    """Engine of a layer in FP32: (what was planned, what came of it)."""
    return engines.by_graph["layer_car.onnx"]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Call with a flavour's name and version (and a FakeGpu): the machine has these from now on."""

    def install(name="tensorrt", version="11.4.0.106", gpu=None):
        gpu = gpu or FakeGpu()
        flavour = fake_gpu.runtime_flavour(gpu, name, version)
        monkeypatch.setenv("THERMALSDK_CACHE", str(tmp_path / "engines"))
        monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", lambda: fake_gpu.Library(gpu))
        monkeypatch.setitem(sys.modules, "pycuda.driver", fake_gpu.pycuda_driver(gpu))
        monkeypatch.setattr(tensorrt_backend, "load_flavour", lambda: flavour)
        monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
        cuda_device._primary_context.cache_clear()
        return gpu

    yield install
    cuda_device._primary_context.cache_clear()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A bundle of tiny networks."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def fused(tmp_path_factory):
    """The same bundle with a fused graph."""
    return with_fused(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "fused"))


@pytest.fixture
def small_street(monkeypatch):
    """Both generators are measured on a frame of 64x64, once each: in milliseconds."""
    monkeypatch.setattr(choose, "_SIZE", (64, 64))
    monkeypatch.setattr(choose, "_ROUNDS", 2)
