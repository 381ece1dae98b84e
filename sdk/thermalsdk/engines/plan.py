"""Which engines a bundle needs on a machine."""

from __future__ import annotations

from dataclasses import dataclass

from thermalsdk.bundle import INT8_SYMMETRIC, Bundle, GraphSpec, twin_name
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.flavours import Flavour
from thermalsdk.engines.profiles import profiles_of
from thermalsdk.engines.request import EngineRequest, sha256_of
from thermalsdk.errors import BackendUnavailable, OptionError

PRECISIONS = ("fp32", "fp16", "int8")


def build_target(flavour: Flavour) -> str:
    """What to build for on this machine: its first GPU, or "portable" without one where the flavour can.

    Raises BackendUnavailable, as `Flavour.target` does.
    """
    try:
        gpu = CudaDriver().gpu(0)
    except BackendUnavailable:
        return flavour.target(None)
    return flavour.target(gpu)


@dataclass(frozen=True)
class PlannedEngine:
    """An engine to be, and the serialised graph that it is made of."""

    request: EngineRequest
    model: bytes


def plan_engine(
    spec: GraphSpec, model: bytes, regions: bool, flavour: Flavour, target: str, precision: str
) -> PlannedEngine:
    """Engine of one ONNX file.

    Args:
        spec: of the graph.
        model: the file's content.
        regions: whether it runs on regions, as layers do.
        flavour: what builds and runs it.
        target: from `Flavour.target`.
        precision: of the file, as `precision_of` gives it.
    """
    request = EngineRequest(
        graph=twin_name(spec, precision),
        onnx_sha256=sha256_of(model),
        flavour=flavour.name,
        version=flavour.version,
        target=target,
        precision=precision,
        profiles=profiles_of(spec, regions),
    )
    return PlannedEngine(request, model)


def plan_graph(
    bundle: Bundle, spec: GraphSpec, flavour: Flavour, target: str, precision: str
) -> PlannedEngine:
    """Engine of a bundle's graph, made of its twin of a precision; the rest as in `plan_engine`."""
    regions = spec in bundle.manifest.graphs.layers.values()
    return plan_engine(spec, bundle.model(spec, precision), regions, flavour, target, precision)


def precision_of(bundle: Bundle, spec: GraphSpec, chosen: str) -> str:
    """Which twin of a graph TensorRT runs: at "int8" the symmetric one where there is one.

    What has none is in half where the bundle offers that.
    """
    if chosen != "int8":
        return chosen
    if bundle.has_twin(spec, INT8_SYMMETRIC):
        return INT8_SYMMETRIC
    return _fastest_float(bundle)


def plan_engines(
    bundle: Bundle, flavour: Flavour, target: str, precision: str = "auto"
) -> list[PlannedEngine]:
    """Engines of every graph of a bundle, the fused one last.

    Args:
        bundle: its graphs.
        flavour: what builds and runs them.
        target: from `Flavour.target`.
        precision: "fp32", "fp16", "int8", or "auto" for fp16 where the bundle has it.

    Raises OptionError, or BackendUnavailable for a precision that the bundle lacks.
    """
    chosen = choose_precision(bundle, precision)
    graphs = bundle.manifest.graphs
    fused = () if graphs.fused is None else (graphs.fused,)
    return [
        plan_graph(bundle, spec, flavour, target, precision_of(bundle, spec, chosen))
        for spec in (*graphs.all(), *fused)
    ]


def choose_precision(bundle: Bundle, precision: str) -> str:
    """Resolve "auto" and refuse what the bundle or TensorRT does not have, as `plan_engines` says."""
    if precision not in ("auto", *PRECISIONS):
        raise OptionError(
            f"precision={precision!r} is not one of TensorRT's here", "Choose auto, fp32, fp16 or int8."
        )
    if precision == "auto":
        return _fastest_float(bundle)
    if not bundle.offers(INT8_SYMMETRIC if precision == "int8" else precision):
        raise BackendUnavailable(
            f"precision={precision!r} was asked for, but the bundle {bundle.path} has no graphs of it "
            "for TensorRT",
            f"Write them with `python -m export --{precision}`, or use precision='fp32'.",
        )
    return precision


def _fastest_float(bundle: Bundle) -> str:
    return "fp16" if bundle.offers("fp16") else "fp32"
