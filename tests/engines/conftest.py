"""Engines that are really built, once a session, from the graphs that ship."""

import pytest

from tests.engines.half_graph import in_half
from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.engines import EngineCache, load_flavour
from thermalsdk.engines.flavours import PORTABLE
from thermalsdk.engines.plan import plan_engine


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


@pytest.fixture(scope="session")
def layer(street, plan, cache):
    """Engine of a layer of the shipped bundle in FP32: (what was planned, what came of it)."""
    spec = street.manifest.graphs.layers["car"]
    planned = plan(spec, street.model(spec))
    return planned, cache.get(planned.request, planned.model)


@pytest.fixture(scope="session")
def half_layer(street, plan, cache):
    """The same in half precision."""
    spec = street.manifest.graphs.layers["car"]
    planned = plan(spec, in_half(street.model(spec)), precision="fp16")
    return planned, cache.get(planned.request, planned.model)
