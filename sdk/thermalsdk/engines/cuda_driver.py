"""NVIDIA's driver library through ctypes: what can be asked without a context, and CUDA graphs.

pycuda wraps neither stream capture nor anything that works before a context exists. The functions are those
of the CUDA Driver API reference, sections Version, Device, Stream and Graph Management.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thermalsdk.errors import BackendUnavailable, InferenceError

_LIBRARY = "libcuda.so.1"
_NAME_BYTES = 256
#: CUdevice_attribute: compute capability, major and minor.
_MAJOR, _MINOR = 75, 76
#: CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile neither joins nor breaks the capture.
_THREAD_LOCAL = 1


@dataclass(frozen=True)
class Gpu:
    """One device: its number, name, compute capability such as "8.9", and memory in MiB."""

    number: int
    name: str
    compute_capability: str
    memory_mib: int


class CudaDriver:
    """The driver library, initialised."""

    def __init__(self) -> None:
        """Load it. Raises BackendUnavailable without a driver or without a device that it can use."""
        try:
            self._library = _open_library()
        except OSError as error:
            raise BackendUnavailable(
                f"there is no NVIDIA driver: {error}",
                "Install the GPU's driver (Debian: the package nvidia-driver; a container: start it with "
                "--gpus all), or use backend='onnxruntime'.",
            ) from error
        self._ask("cuInit", 0)

    @property
    def cuda_version(self) -> str:
        """The newest CUDA that the driver runs, such as "13.0"."""
        version = ctypes.c_int()
        self._ask("cuDriverGetVersion", ctypes.byref(version))
        return f"{version.value // 1000}.{version.value % 1000 // 10}"

    def gpus(self) -> tuple[Gpu, ...]:
        """Every device that this process may use."""
        count = ctypes.c_int()
        self._ask("cuDeviceGetCount", ctypes.byref(count))
        return tuple(self._gpu(number) for number in range(count.value))

    def gpu(self, number: int) -> Gpu:
        """One device. Raises BackendUnavailable when there is none of that number."""
        gpus = self.gpus()
        if number >= len(gpus):
            raise BackendUnavailable(
                f"there is no GPU {number}; the driver lists {len(gpus)}",
                "Choose another with device='cuda:N'; CUDA_VISIBLE_DEVICES may hide some.",
            )
        return gpus[number]

    def _gpu(self, number: int) -> Gpu:
        device, major, minor, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
        name = ctypes.create_string_buffer(_NAME_BYTES)
        self._ask("cuDeviceGet", ctypes.byref(device), number)
        self._ask("cuDeviceGetName", name, _NAME_BYTES, device)
        self._ask("cuDeviceGetAttribute", ctypes.byref(major), _MAJOR, device)
        self._ask("cuDeviceGetAttribute", ctypes.byref(minor), _MINOR, device)
        self._ask("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
        capability = f"{major.value}.{minor.value}"
        return Gpu(number, name.value.decode(), capability, memory.value // 2**20)

    def capture(self, stream: int, enqueue: Callable[[], None]) -> CudaGraph:
        """Record what `enqueue` puts on a stream (a CUstream) instead of running it.

        Raises InferenceError when the driver refuses, and whatever `enqueue` raises.
        """
        graph = self._captured(ctypes.c_void_p(stream), enqueue)
        executable = ctypes.c_void_p()
        try:
            self._run("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
        finally:
            self._run("cuGraphDestroy", graph)
        return CudaGraph(self, executable)

    def _captured(self, stream: ctypes.c_void_p, enqueue: Callable[[], None]) -> ctypes.c_void_p:
        graph = ctypes.c_void_p()
        self._run("cuStreamBeginCapture_v2", stream, _THREAD_LOCAL)
        try:
            enqueue()
        except BaseException:
            # A capture that was broken off has no graph, and says so: that is not what went wrong.
            if self._library.cuStreamEndCapture(stream, ctypes.byref(graph)) == 0 and graph:
                self._library.cuGraphDestroy(graph)
            raise
        self._run("cuStreamEndCapture", stream, ctypes.byref(graph))
        return graph

    def _ask(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status != 0:
            raise BackendUnavailable(
                f"NVIDIA's driver failed in {name}: {self._error(status)}",
                "Check nvidia-smi; a driver update often needs a reboot.",
            )

    def _run(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status != 0:
            raise InferenceError(
                f"{name} failed: {self._error(status)}", "Check nvidia-smi, then load the bundle again."
            )

    def _error(self, status: int) -> str:
        text = ctypes.c_char_p()
        self._library.cuGetErrorString(status, ctypes.byref(text))
        return (text.value or b"unknown error").decode() + f" (CUDA error {status})"


def _open_library() -> ctypes.CDLL:
    return ctypes.CDLL(_LIBRARY)


class CudaGraph:
    """A recorded sequence of device work that starts with one call."""

    def __init__(self, driver: CudaDriver, executable: ctypes.c_void_p) -> None:
        self._driver = driver
        self._executable: ctypes.c_void_p | None = executable

    def launch(self, stream: int) -> None:
        """Queue it on a stream and return at once. Raises InferenceError."""
        self._driver._run("cuGraphLaunch", self._executable, ctypes.c_void_p(stream))

    def close(self) -> None:
        """Free it; a second call does nothing."""
        if self._executable is not None:
            self._driver._run("cuGraphExecDestroy", self._executable)
            self._executable = None
