"""Execution contexts of one engine, and the kernels that TensorRT for RTX compiles for them."""

from __future__ import annotations

from typing import Any

from thermalsdk.engines.flavours import Flavour
from thermalsdk.engines.kernel_file import KernelFile


class ExecutionContexts:
    """Makes contexts that bring no activation memory of their own. The device is current at every call.

    TensorRT for RTX compiles an engine's kernels when a context first needs them. It keeps them in a runtime
    cache (TensorRT for RTX documentation, "Working with Runtime Cache"), which is read from a file at the
    start and written back at the end, so that the next process compiles nothing again.
    """

    def __init__(self, flavour: Flavour, engine: Any, kernels: KernelFile) -> None:
        self._engine = engine
        self._kernels = kernels
        self._loaded = b""
        self._runtime_cache: Any = None
        self._configuration: Any = (
            flavour.module.ExecutionContextAllocationStrategy.USER_MANAGED
            if flavour.tunes
            else self._runtime_configuration(flavour.module)
        )

    @property
    def scratch_bytes(self) -> int:
        """Activation memory that every context needs."""
        return int(self._engine.device_memory_size_v2)

    def make(self) -> Any:
        """A context."""
        return self._engine.create_execution_context(self._configuration)

    def close(self) -> None:
        """Keep what was compiled and let go of the engine, after its contexts; a second call does nothing."""
        if self._runtime_cache is not None:
            self._keep(self._runtime_cache)
        self._runtime_cache = self._configuration = self._engine = None

    def _runtime_configuration(self, trt: Any) -> Any:
        """Kernels of a shape must be final before its run is recorded, hence EAGER."""
        configuration = self._engine.create_runtime_config()
        configuration.set_execution_context_allocation_strategy(
            trt.ExecutionContextAllocationStrategy.USER_MANAGED
        )
        configuration.dynamic_shapes_kernel_specialization_strategy = (
            trt.DynamicShapesKernelSpecializationStrategy.EAGER
        )
        if hasattr(configuration, "create_runtime_cache"):  # absent from early versions
            self._runtime_cache = configuration.create_runtime_cache()
            stored = self._kernels.read()
            # TensorRT refuses what another version, GPU or driver compiled.
            if stored and self._runtime_cache.deserialize(stored):
                self._loaded = stored
            configuration.set_runtime_cache(self._runtime_cache)
        return configuration

    def _keep(self, runtime_cache: Any) -> None:
        compiled = runtime_cache.serialize()
        content = b"" if compiled is None else bytes(compiled)
        if content and content != self._loaded:
            self._kernels.write(content)
