"""One execution context of an engine for inputs of one shape, and the CUDA graph of its run."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.backends.cuda_device import CudaDevice, DeviceMemory
from thermalsdk.bundle import GraphSpec
from thermalsdk.engines.cuda_driver import CudaGraph
from thermalsdk.engines.flavours import Flavour
from thermalsdk.engines.profiles import LARGEST_FRAME
from thermalsdk.errors import InferenceError

_LOG = logging.getLogger("thermalsdk.tensorrt")

Float32 = npt.NDArray[np.float32]


class StaticShape:
    """A context whose shapes and addresses never change, so that its run can be recorded as a CUDA graph.

    A recorded graph is good only for the context as it was when recorded (TensorRT's documentation, "CUDA
    graphs"), hence one context each.
    """

    def __init__(
        self, flavour: Flavour, context: Any, scratch: DeviceMemory, spec: GraphSpec, cuda: CudaDevice
    ) -> None:
        """Bind a context, whose shapes and activation memory are set, to memory for inputs and outputs."""
        self._flavour = flavour
        self._context = context
        self._spec = spec
        self._cuda = cuda
        self._scratch: DeviceMemory | None = scratch
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
        """Free the recorded graph, then the context that it uses, then the memory of that."""
        if self._graph is not None:
            self._graph.close()
        self._graph = self._context = None
        self._buffers.clear()
        self._scratch = None

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
