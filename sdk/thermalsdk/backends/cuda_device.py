"""One GPU through pycuda, imported with the first engine: context, stream, and memory by name."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.errors import BackendUnavailable


@dataclass(frozen=True, eq=False)
class DeviceMemory:
    """Memory of the device."""

    device: Any

    @property
    def address(self) -> int:
        """Where it starts."""
        return int(self.device)


@dataclass(frozen=True, eq=False)
class Buffer(DeviceMemory):
    """The same with pinned memory of the host, of equal size, as flat float32."""

    host: npt.NDArray[np.float32]


class CudaDevice:
    """A GPU. Threads take turns: everything that touches it happens inside `current`.

    The primary context is the one that CUDA's run time, and with it PyTorch, uses. It is retained, never made
    or destroyed, and current only during a call: what else the process does on the GPU is left alone.
    """

    def __init__(self, number: int) -> None:
        """Open it. Raises BackendUnavailable without a driver, without pycuda, or without that GPU."""
        self.driver = CudaDriver()
        self.gpu = self.driver.gpu(number)
        self._cuda = _import_pycuda()
        self._context = _primary_context(number)
        self._lock = threading.RLock()
        # Memory is its users': it is freed when the last of them lets go.
        self._buffers: WeakValueDictionary[tuple[str, int], Buffer] = WeakValueDictionary()
        self._scratch: WeakValueDictionary[int, DeviceMemory] = WeakValueDictionary()
        with self.current():
            self.stream: Any = self._cuda.Stream()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make its context current for the calling thread, and keep other threads out."""
        with self._lock:
            self._context.push()
            try:
                yield
            finally:
                self._cuda.Context.pop()

    def buffer(self, name: str, floats: int) -> Buffer:
        """Memory for so many float32 under a name; all that ask for the same while it lives share it."""
        buffer = self._buffers.get((name, floats))
        if buffer is None:
            host = self._cuda.pagelocked_empty(floats, np.float32)
            buffer = self._buffers[name, floats] = Buffer(self._cuda.mem_alloc(host.nbytes), host)
        return buffer

    def scratch(self, size: int) -> DeviceMemory:
        """Memory of `size` bytes for activations, shared likewise."""
        scratch = self._scratch.get(size)
        if scratch is None:
            scratch = self._scratch[size] = DeviceMemory(self._cuda.mem_alloc(max(size, 1)))
        return scratch

    def to_device(self, buffer: Buffer, floats: int) -> None:
        """Queue a copy of the first values to the device."""
        self._cuda.memcpy_htod_async(buffer.device, buffer.host[:floats], self.stream)

    def to_host(self, buffer: Buffer, floats: int) -> None:
        """Queue a copy of the first values from the device."""
        self._cuda.memcpy_dtoh_async(buffer.host[:floats], buffer.device, self.stream)

    def close(self) -> None:
        """Free the stream, after the graphs that use it; a second call does nothing."""
        with self.current():
            self.stream = None


def _import_pycuda() -> ModuleType:
    try:
        return importlib.import_module("pycuda.driver")
    except (ImportError, OSError) as error:  # OSError: built for a CUDA whose libraries are gone
        raise BackendUnavailable(
            f"pycuda cannot be imported: {error}",
            "pip install pycuda; it is compiled, so CUDA's headers (nvcc, cuda-toolkit) must be installed.",
        ) from error


@functools.cache
def _primary_context(number: int) -> Any:
    """The primary context of a GPU, retained until the process ends, as CUDA's own run time keeps it."""
    cuda = _import_pycuda()
    cuda.init()
    return cuda.Device(number).retain_primary_context()
