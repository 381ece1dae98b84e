"""From ONNX to an engine with TensorRT's own calls. It runs in the worker process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from thermalsdk.engines import half_share
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.flavours import PORTABLE, Flavour, compute_capability_member
from thermalsdk.engines.half_share import Convolution
from thermalsdk.engines.profiles import Profile
from thermalsdk.engines.request import EngineRequest
from thermalsdk.engines.tensorrt_log import make_logger
from thermalsdk.errors import BackendUnavailable, EngineError, PrecisionError

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class HalfShare:
    """Share of half precision over convolutions, weighted by MAC; None where it is not known.

    Args:
        declared: by the strongly typed network.
        verified: in the deserialised engine, by TensorRT's inspector.
        unverified: why there is no verified share, or "".
    """

    declared: float | None
    verified: float | None
    unverified: str


@dataclass(frozen=True)
class Compiled:
    """An engine and what is known of it.

    Args:
        plan: the serialised engine.
        tensors: name, mode ("input" or "output"), dtype and shape (-1 for a dynamic axis) of each.
        layers: how many layers of each type the network has.
        profiles: smallest, best and largest shape of each input by name, as TensorRT took them.
        half_share: of its convolutions.
        diagnostics: word of TensorRT for RTX about the engine's header, 0 for a sound one; None where the
            flavour has no such check.
    """

    plan: Any
    tensors: list[dict[str, Any]]
    layers: dict[str, int]
    profiles: list[dict[str, list[list[int]]]]
    half_share: HalfShare
    diagnostics: int | None

    def facts(self) -> dict[str, Any]:
        """Everything but the engine, as JSON data."""
        return {
            "tensors": self.tensors,
            "layers": self.layers,
            "profiles": self.profiles,
            "half_share": asdict(self.half_share),
            "diagnostics": self.diagnostics,
        }


def compile_engine(
    flavour: Flavour,
    request: EngineRequest,
    model: bytes,
    logger: Any,
    monitor: Any,
    timing: bytes,
    on_timing: Callable[[bytes], None],
) -> Compiled:
    """Parse, build, and look at what was built.

    Args:
        flavour: the one that the request names.
        request: sizes, precision and options.
        model: serialised ONNX graph, weights inside.
        logger: TensorRT's ILogger.
        monitor: TensorRT's IProgressMonitor.
        timing: timing cache of former builds, or nothing.
        on_timing: called with the timing cache after the build, by flavours that tune.

    Raises EngineError when TensorRT cannot read the graph or build the engine; the logger has the details.
    Raises PrecisionError when too little is in half precision, before the build where the network says so.
    """
    trt = flavour.module
    builder = trt.Builder(logger)
    # Required up to TensorRT 10, where the default lets the builder pick types; later versions know no other.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        raise EngineError(
            f"{flavour.name} {flavour.version} cannot read {request.graph}",
            "Write the bundle again with `python -m export`.",
        )
    convolutions = half_share.convolutions_of(trt, network, request.profiles[-1])
    share = half_share.declared(convolutions)
    _require_half("declared", share, request)
    config = _configuration(flavour, builder, request, monitor)
    profiles = [_add_profile(builder, network, config, profile) for profile in request.profiles]
    timing_cache = _attach_timing_cache(config, timing) if flavour.tunes else None
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(
            f"{flavour.name} {flavour.version} built no engine of {request.graph}",
            "Free GPU memory if it ran out; another precision or flavour may be able to.",
        )
    if timing_cache is not None:
        on_timing(bytes(timing_cache.serialize()))
    found, unverified = _verified_share(flavour, request, plan, convolutions, logger)
    _require_half("verified", found, request)
    return Compiled(
        plan=plan,
        tensors=_tensors(network),
        layers=dict(Counter(network.get_layer(i).type.name for i in range(network.num_layers))),
        profiles=profiles,
        half_share=HalfShare(share, found, unverified),
        diagnostics=header_diagnostics(flavour, plan),
    )


def header_diagnostics(flavour: Flavour, plan: Any) -> int | None:
    """TensorRT for RTX's word about an engine's header, 0 for a sound one; None for TensorRT.

    Its verdict is INVALID, with a complaint in the log, wherever there is no driver; the word tells that from
    a damaged header.
    """
    if flavour.tunes:
        return None
    silent = make_logger(flavour.module, lambda level, text: None)
    _, diagnostics = flavour.module.Runtime(silent).get_engine_validity(plan)
    return int(diagnostics)


def _require_half(kind: str, share: float | None, request: EngineRequest) -> None:
    if share is not None and share < request.least_half_share:
        raise PrecisionError(
            f"only {share:.1%} of the multiply-accumulates of {request.graph} are in half precision "
            f"({kind}), {request.least_half_share:.0%} were asked for; no engine is kept",
            "Write the half graphs again with `python -m export --fp16`, or use precision='fp32'.",
        )


def _configuration(flavour: Flavour, builder: Any, request: EngineRequest, monitor: Any) -> Any:
    trt = flavour.module
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, request.options.workspace_mib * _MEBIBYTE)
    if not request.options.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.progress_monitor = monitor
    if not flavour.tunes and request.target != PORTABLE:
        config.num_compute_capabilities = 1
        config.set_compute_capability(compute_capability_member(flavour, request.target), 0)
    return config


def _add_profile(builder: Any, network: Any, config: Any, profile: Profile) -> dict[str, list[list[int]]]:
    """Add an optimisation profile and read it back."""
    sizes = builder.create_optimization_profile()
    inputs = [network.get_input(number).name for number in range(network.num_inputs)]
    if set(inputs) != set(profile.best):
        raise EngineError(
            f"the graph has the inputs {sorted(inputs)}, the manifest says {sorted(profile.best)}",
            "Write the bundle again with `python -m export`.",
        )
    for name in inputs:
        sizes.set_shape(name, profile.smallest[name], profile.best[name], profile.largest[name])
    if config.add_optimization_profile(sizes) < 0:
        raise EngineError(
            f"TensorRT refuses the sizes {asdict(profile)}", "Write the bundle again with `python -m export`."
        )
    return {name: [list(shape) for shape in sizes.get_shape(name)] for name in inputs}


def _attach_timing_cache(config: Any, timing: bytes) -> Any:
    """Kernel times of former builds: ten layers of one architecture are timed once.

    TensorRT refuses those of another device; a new cache takes their place.
    """
    cache = config.create_timing_cache(timing)
    if not config.set_timing_cache(cache, ignore_mismatch=False):
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, ignore_mismatch=False)
    return cache


def _tensors(network: Any) -> list[dict[str, Any]]:
    inputs = [("input", network.get_input(number)) for number in range(network.num_inputs)]
    outputs = [("output", network.get_output(number)) for number in range(network.num_outputs)]
    return [
        {"name": t.name, "mode": mode, "dtype": t.dtype.name.lower(), "shape": list(t.shape)}
        for mode, t in inputs + outputs
    ]


def _verified_share(
    flavour: Flavour, request: EngineRequest, plan: Any, convolutions: tuple[Convolution, ...], logger: Any
) -> tuple[float | None, str]:
    """Half share of the engine itself and "", or None and why it is not known."""
    try:
        CudaDriver()
    except BackendUnavailable as error:
        return None, error.message
    trt = flavour.module
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    if engine is None:
        return None, f"{flavour.name} does not take the engine of {request.graph} here"
    context = engine.create_execution_context()
    for name, shape in request.profiles[0].best.items():
        context.set_input_shape(name, shape)
    inspector = engine.create_engine_inspector()
    inspector.execution_context = context  # without shapes, formats are "N/A due to dynamic shapes"
    text = inspector.get_engine_information(trt.LayerInformationFormat.JSON)
    return half_share.verified(convolutions, json.loads(text)["Layers"]), ""
