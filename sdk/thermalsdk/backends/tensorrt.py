"""TensorRT and TensorRT for RTX. Engines come from the cache and are built at the first load.

The packages are imported when the backend is made, never earlier.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.backends.cuda_device import CudaDevice
from thermalsdk.backends.execution_contexts import ExecutionContexts
from thermalsdk.backends.static_shape import StaticShape
from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.engines.cache import EngineCache
from thermalsdk.engines.flavours import Flavour, load_flavour
from thermalsdk.engines.kernel_file import KernelFile
from thermalsdk.engines.plan import choose_precision, plan_graph, precision_of
from thermalsdk.engines.profiles import LARGEST_FRAME, REGION_SIDES, Profile, profile_for
from thermalsdk.engines.tensorrt_log import make_logger
from thermalsdk.errors import BackendUnavailable, BundleError, InferenceError

_LOG = logging.getLogger("thermalsdk.tensorrt")
#: Shapes that a graph keeps ready: every pair of region sides, and some frames.
_KEPT_SHAPES = 48

Float32 = npt.NDArray[np.float32]


def open_backend(bundle: Bundle, device: str, precision: str, threads: int) -> TensorRTBackend:
    """The backend for a bundle on this machine.

    Args:
        bundle: its graphs decide the precision and which of them run on regions.
        device: "auto", "cuda" or "cuda:N".
        precision: "auto", "fp32", "fp16" or "int8".
        threads: CPU threads of the work around the graphs.

    Raises BackendUnavailable, saying what is missing and which package brings it, or OptionError.
    """
    if device == "cpu":
        raise BackendUnavailable(
            "TensorRT runs on NVIDIA GPUs only, and device='cpu' was asked for",
            "Use device='cuda:0', or backend='onnxruntime' on the CPU.",
        )
    chosen = choose_precision(bundle, precision)
    flavour = load_flavour()
    cuda = CudaDevice(int(device.partition(":")[2] or 0))
    return TensorRTBackend(bundle, flavour, cuda, chosen, threads, EngineCache())


class TensorRTBackend:
    """TensorRT on one GPU, for one bundle. Implements `Backend`."""

    name = "tensorrt"
    region_sides = REGION_SIDES
    fuses = True

    def __init__(
        self,
        bundle: Bundle,
        flavour: Flavour,
        cuda: CudaDevice,
        precision: str,
        threads: int,
        cache: EngineCache,
    ) -> None:
        """Raises BackendUnavailable when the flavour does not know the GPU."""
        self.device = f"cuda:{cuda.gpu.number}"
        self.precision = precision
        self.threads = threads
        self.providers: tuple[str, ...] = (f"{flavour.name} {flavour.version}",)
        self.reason = f"asked for; {cuda.gpu.name}"
        self._flavour = flavour
        self._target = flavour.target(cuda.gpu)
        self._bundle = bundle
        self._cuda = cuda
        self._cache = cache
        self._graphs: list[TensorRTGraph] = []
        self._logger = make_logger(flavour.module, _LOG.log)
        self._runtime = flavour.module.Runtime(self._logger)

    def precision_of(self, spec: GraphSpec) -> str:
        """Which twin of a graph its engine is made of."""
        return precision_of(self._bundle, spec, self.precision)

    def open(self, spec: GraphSpec, threads: int) -> TensorRTGraph:
        """Load the engine of a graph, built if the cache lacks it, which takes seconds to minutes.

        Raises BackendUnavailable, BundleError when it differs from spec, EngineError, or OutputError when the
        cache cannot be written.
        """
        planned = plan_graph(self._bundle, spec, self._flavour, self._target, self.precision_of(spec))
        entry = self._cache.get(planned.request, planned.model, gpu=self._cuda.gpu.number)
        plan = entry.read()
        with self._cuda.current():
            engine = None if plan is None else self._runtime.deserialize_cuda_engine(plan)
            if engine is None:
                raise BackendUnavailable(
                    f"{self.providers[0]} does not take the engine of {spec.file} on {self._cuda.gpu.name}",
                    "Run `thermalsdk cache clear` and load again; update the GPU's driver if it stays.",
                )
            _check_names(self._flavour.module, engine, spec)
            graph = TensorRTGraph(
                self._flavour, engine, KernelFile(entry), planned.request.profiles, spec, self._cuda
            )
        self._graphs.append(graph)
        return graph

    def close(self) -> None:
        """Free contexts, then engines, runtime and memory; the graphs cannot be run afterwards."""
        with self._cuda.current():
            for graph in self._graphs:
                graph.close()
            self._graphs.clear()
            self._runtime = None
        self._cuda.close()


def _check_names(trt: Any, engine: Any, spec: GraphSpec) -> None:
    names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
    inputs = {name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT}
    for kind, found, tensors in (
        ("inputs", inputs, spec.inputs),
        ("outputs", set(names) - inputs, spec.outputs),
    ):
        listed = {tensor.name for tensor in tensors}
        if found != listed:
            raise BundleError(
                f"{spec.file} has the {kind} {sorted(found)}, the manifest says {sorted(listed)}",
                "Write the bundle again with `python -m export`.",
            )


class TensorRTGraph:
    """One engine with a context for every shape that came. Implements `Graph`."""

    def __init__(
        self,
        flavour: Flavour,
        engine: Any,
        kernels: KernelFile,
        profiles: tuple[Profile, ...],
        spec: GraphSpec,
        cuda: CudaDevice,
    ) -> None:
        """Take over an engine; the device is current."""
        self.spec = spec
        self._flavour = flavour
        self._contexts = ExecutionContexts(flavour, engine, kernels)
        self._profiles = profiles
        self._cuda = cuda
        self._shapes: dict[tuple[tuple[int, ...], ...], StaticShape] = {}

    def run(self, inputs: Mapping[str, Float32], outputs: Mapping[str, Float32]) -> None:
        """Run once; inputs and outputs go through pinned memory. Raises InferenceError."""
        try:
            with self._cuda.current():
                self._for_shapes(inputs).run(inputs, outputs)
        except InferenceError:
            raise
        except Exception as error:  # pycuda and TensorRT raise a dozen unrelated classes
            raise InferenceError(
                f"TensorRT stopped in {self.spec.file}: {error}",
                "Use a smaller frame if memory ran out; check nvidia-smi otherwise.",
            ) from error

    def close(self) -> None:
        """Free the contexts before the engine."""
        with self._cuda.current():
            for shape in self._shapes.values():
                shape.close()
            self._shapes.clear()
            self._contexts.close()

    def _for_shapes(self, inputs: Mapping[str, Float32]) -> StaticShape:
        """What is ready for inputs of these shapes, made at their first coming."""
        key = tuple(inputs[tensor.name].shape for tensor in self.spec.inputs)
        known = self._shapes.get(key)
        if known is not None:
            return known
        if len(self._shapes) >= _KEPT_SHAPES:
            self._shapes.pop(next(iter(self._shapes))).close()
        made = self._shapes[key] = self._make(
            {tensor.name: shape for tensor, shape in zip(self.spec.inputs, key, strict=True)}
        )
        return made

    def _make(self, shapes: Mapping[str, tuple[int, ...]]) -> StaticShape:
        profile = profile_for(self._profiles, shapes)
        if profile is None:
            height, width = LARGEST_FRAME
            raise InferenceError(
                f"{self.spec.file} has no TensorRT profile for inputs of {dict(shapes)}",
                f"What networks see of a frame fits up to {width}x{height} pixels: give a smaller "
                "processing_resolution, or use backend='onnxruntime'.",
            )
        context = self._contexts.make()
        scratch = self._cuda.scratch(self._contexts.scratch_bytes)
        taken = context.set_optimization_profile_async(profile, self._cuda.stream.handle)
        context.set_device_memory(scratch.address, self._contexts.scratch_bytes)
        if not (taken and all(context.set_input_shape(*item) for item in shapes.items())):
            raise InferenceError(
                f"TensorRT refuses {self.spec.file} inputs of {dict(shapes)}",
                "Run `thermalsdk cache clear` and load again.",
            )
        return StaticShape(self._flavour, context, scratch, self.spec, self._cuda)
