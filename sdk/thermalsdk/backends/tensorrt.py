"""TensorRT and TensorRT for RTX. Engines come from the cache and are built at the first load.

The packages are imported when the backend is made, never earlier.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.backends.cuda_device import CudaDevice
from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.engines.cache import EngineCache
from thermalsdk.engines.cuda_driver import CudaGraph
from thermalsdk.engines.flavours import Flavour, load_flavour
from thermalsdk.engines.plan import choose_precision, plan_engine
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
        precision: "auto", "fp32" or "fp16".
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
    """TensorRT on one GPU. Implements `Backend`."""

    name = "tensorrt"
    region_sides = REGION_SIDES

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
        self._layers = {spec.file for spec in bundle.manifest.graphs.layers.values()}
        self._cuda = cuda
        self._cache = cache
        self._graphs: list[TensorRTGraph] = []
        self._logger = make_logger(flavour.module, _LOG.log)
        self._runtime = flavour.module.Runtime(self._logger)

    def open(self, model: bytes, spec: GraphSpec, threads: int) -> TensorRTGraph:
        """Load the engine of a graph, built if the cache lacks it, which takes seconds to minutes.

        Raises BackendUnavailable, BundleError when it differs from spec, EngineError, or OutputError when the
        cache cannot be written.
        """
        regions = spec.file in self._layers
        planned = plan_engine(spec, model, regions, self._flavour, self._target, self.precision)
        plan = self._cache.get(planned.request, planned.model).read()
        with self._cuda.current():
            engine = None if plan is None else self._runtime.deserialize_cuda_engine(plan)
            if engine is None:
                raise BackendUnavailable(
                    f"{self.providers[0]} does not take the engine of {spec.file} on {self._cuda.gpu.name}",
                    "Run `thermalsdk cache clear` and load again; update the GPU's driver if it stays.",
                )
            _check_names(self._flavour.module, engine, spec)
            graph = TensorRTGraph(self._flavour, engine, planned.request.profiles, spec, self._cuda)
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
        self, flavour: Flavour, engine: Any, profiles: tuple[Profile, ...], spec: GraphSpec, cuda: CudaDevice
    ) -> None:
        self.spec = spec
        self._flavour = flavour
        self._engine = engine
        self._profiles = profiles
        self._cuda = cuda
        self._shapes: dict[tuple[tuple[int, ...], ...], _StaticShape] = {}

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
        """Free the contexts before the engine; the device is current."""
        for shape in self._shapes.values():
            shape.close()
        self._shapes.clear()
        self._engine = None

    def _for_shapes(self, inputs: Mapping[str, Float32]) -> _StaticShape:
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

    def _make(self, shapes: Mapping[str, tuple[int, ...]]) -> _StaticShape:
        profile = profile_for(self._profiles, shapes)
        if profile is None:
            height, width = LARGEST_FRAME
            raise InferenceError(
                f"{self.spec.file} has no TensorRT profile for inputs of {dict(shapes)}",
                f"Frames of up to {width}x{height} pixels fit; use backend='onnxruntime' for larger ones.",
            )
        context = _execution_context(self._flavour, self._engine)
        scratch = self._engine.device_memory_size_v2
        taken = context.set_optimization_profile_async(profile, self._cuda.stream.handle)
        context.set_device_memory(self._cuda.scratch(scratch), scratch)
        if not (taken and all(context.set_input_shape(*item) for item in shapes.items())):
            raise InferenceError(
                f"TensorRT refuses {self.spec.file} inputs of {dict(shapes)}",
                "Run `thermalsdk cache clear` and load again.",
            )
        return _StaticShape(self._flavour, context, self.spec, self._cuda)


def _execution_context(flavour: Flavour, engine: Any) -> Any:
    """A context that brings no activation memory of its own."""
    trt = flavour.module
    strategy = trt.ExecutionContextAllocationStrategy.USER_MANAGED
    if flavour.tunes:
        return engine.create_execution_context(strategy)
    # TensorRT for RTX compiles kernels at run time; those of a shape must be final before they are recorded.
    config = engine.create_runtime_config()
    config.set_execution_context_allocation_strategy(strategy)
    config.dynamic_shapes_kernel_specialization_strategy = trt.DynamicShapesKernelSpecializationStrategy.EAGER
    return engine.create_execution_context(config)


class _StaticShape:
    """A context whose shapes and addresses never change, so that its run can be recorded as a CUDA graph.

    A recorded graph is good only for the context as it was when recorded (TensorRT's documentation, "CUDA
    graphs"), hence one context each.
    """

    def __init__(self, flavour: Flavour, context: Any, spec: GraphSpec, cuda: CudaDevice) -> None:
        self._flavour = flavour
        self._context = context
        self._spec = spec
        self._cuda = cuda
        self._graph: CudaGraph | None = None
        self._runs = 0
        self._shapes = {
            tensor.name: tuple(context.get_tensor_shape(tensor.name))
            for tensor in (*spec.inputs, *spec.outputs)
        }
        # As large as the largest frame needs, so that all shapes, and all layers, share the memory.
        self._buffers = {
            tensor.name: cuda.buffer(tensor.name, math.prod(tensor.shape_for(*LARGEST_FRAME)))
            for tensor in (*spec.inputs, *spec.outputs)
        }
        for name, buffer in self._buffers.items():
            context.set_tensor_address(name, buffer.address)

    def run(self, inputs: Mapping[str, Float32], outputs: Mapping[str, Float32]) -> None:
        """Copy in, run, copy out, wait; the device is current. Raises InferenceError."""
        for name, array in outputs.items():
            if array.shape != self._shapes[name]:
                raise InferenceError(
                    f"{self._spec.file} gives {name} the shape {self._shapes[name]}, not {array.shape}",
                    "Write the bundle again with `python -m export`.",
                )
        for name, array in inputs.items():
            np.copyto(self._host(name), array)
        self._start()
        self._cuda.stream.synchronize()
        for name, array in outputs.items():
            np.copyto(array, self._host(name))

    def close(self) -> None:
        """Free the recorded graph before the context that it uses."""
        if self._graph is not None:
            self._graph.close()
        self._graph = self._context = None

    def _start(self) -> None:
        """Queue a run: as it is the first time, which completes what TensorRT puts off, then recorded."""
        stream = self._cuda.stream.handle
        self._runs += 1
        if self._runs == 2 and self._recordable(stream):
            self._graph = self._record(stream, self._enqueue)
        if self._graph is None:
            self._enqueue()
        else:
            self._graph.launch(stream)

    def _recordable(self, stream: int) -> bool:
        return self._flavour.tunes or bool(self._context.is_stream_capturable(stream))

    def _record(self, stream: int, enqueue: Callable[[], None]) -> CudaGraph | None:
        try:
            return self._cuda.driver.capture(stream, enqueue)
        except InferenceError as error:
            _LOG.warning("%s runs without a CUDA graph: %s", self._spec.file, error.message)
            return None

    def _enqueue(self) -> None:
        for tensor in self._spec.inputs:
            self._cuda.to_device(self._buffers[tensor.name], math.prod(self._shapes[tensor.name]))
        if not self._context.execute_async_v3(self._cuda.stream.handle):
            raise InferenceError(
                f"TensorRT did not start {self._spec.file}",
                "Read its messages in the log thermalsdk.tensorrt.",
            )
        for tensor in self._spec.outputs:
            self._cuda.to_host(self._buffers[tensor.name], math.prod(self._shapes[tensor.name]))

    def _host(self, name: str) -> Float32:
        shape = self._shapes[name]
        return self._buffers[name].host[: math.prod(shape)].reshape(shape)
