"""ONNX Runtime on CPU or CUDA. The package is imported when the first graph is opened, never earlier."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.bundle import Bundle, GraphSpec
from thermalsdk.errors import BackendUnavailable, BundleError, EnvironmentConflict, InferenceError
from thermalsdk.optional import raise_interrupt
from thermalsdk.regions import SIDES

_LOG = logging.getLogger("thermalsdk.onnxruntime")
_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
#: Severities of ONNX Runtime, verbose to fatal, as those of `logging`.
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
_ERROR = 3
#: First version that can be told for how long threads spin; before, a millisecond and more.
_SPINS_FOR_MICROSECONDS = (1, 26)
_SPIN_MICROSECONDS = 5
_CHECK_GPU = "Check nvidia-smi and the CUDA libraries of 'thermalsdk[gpu]', or use device='cpu'."


def check_installation() -> None:
    """Raise BackendUnavailable without ONNX Runtime, EnvironmentConflict with two wheels of it."""
    wheels = [name for name in ("onnxruntime", "onnxruntime-gpu") if _installed(name)]
    if len(wheels) == 2:
        raise EnvironmentConflict(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other's files",
            "pip uninstall onnxruntime onnxruntime-gpu, then install 'thermalsdk[cpu]' or 'thermalsdk[gpu]'.",
        )
    _import()


def lists_cuda() -> bool:
    """Whether this ONNX Runtime was built with CUDA. It says nothing about a working GPU."""
    return _CUDA in _import().get_available_providers()


def _installed(distribution: str) -> bool:
    from importlib import metadata  # a tenth of the time that importing thermalsdk takes

    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _import() -> ModuleType:
    try:
        ort = importlib.import_module("onnxruntime")
        _route_log(ort)
    except (ImportError, AttributeError) as error:  # AttributeError: the remains of an uninstalled wheel
        raise_interrupt(error)
        raise BackendUnavailable(
            f"ONNX Runtime cannot be imported: {error}",
            "pip install 'thermalsdk[cpu]', or 'thermalsdk[gpu]' with an NVIDIA GPU.",
        ) from error
    return ort


def _route_log(ort: ModuleType) -> None:
    """Send the runtime's messages to the logger thermalsdk.onnxruntime; older versions only get quieter."""
    if hasattr(ort, "set_default_logger_callback"):
        ort.set_default_logger_callback(_log, _ERROR)
    else:
        ort.set_default_logger_severity(_ERROR)


def _log(severity: int, category: str, logid: str, location: str, message: str) -> None:
    _LOG.log(_LEVELS[severity], "%s (%s)", message, location)


class OnnxRuntimeBackend:
    """ONNX Runtime on one device, for one bundle. Implements `Backend`."""

    name = "onnxruntime"
    region_sides = SIDES
    fuses = False

    def __init__(self, bundle: Bundle, device: str, precision: str, threads: int, reason: str) -> None:
        self._bundle = bundle
        self.device = device
        self.precision = precision
        self.threads = threads
        self.reason = reason
        self.providers: tuple[str, ...] = (_CPU,) if device == "cpu" else (_CUDA, _CPU)
        self._ort = _import()
        if device != "cpu" and not lists_cuda():
            raise BackendUnavailable(
                f"device={device!r} was asked for, but this onnxruntime has no CUDA provider",
                "pip uninstall onnxruntime, then pip install 'thermalsdk[gpu]'; or use device='cpu'.",
            )

    def precision_of(self, spec: GraphSpec) -> str:
        """The precision that was asked for where the graph has such a twin, else "fp32"."""
        return self.precision if self._bundle.has_twin(spec, self.precision) else "fp32"

    def open(self, spec: GraphSpec, threads: int) -> OnnxRuntimeGraph:
        """Open a graph on the device that was asked for or not at all; each run takes so many CPU threads.

        Raises BackendUnavailable, or BundleError when inputs or outputs are not those of the manifest.
        """
        model = self._bundle.model(spec, self.precision_of(spec))
        try:
            session = self._ort.InferenceSession(
                model, self._options(threads), providers=self._provider_options(), enable_fallback=0
            )
        except Exception as error:  # the binding raises a dozen unrelated classes
            on_cpu = "Update onnxruntime, or write the bundle again with `python -m export`."
            raise BackendUnavailable(
                f"ONNX Runtime {self._ort.__version__} cannot open {spec.file} on {self.device}: {error}",
                on_cpu if self.device == "cpu" else _CHECK_GPU,
            ) from error
        opened_on = session.get_providers()[0]
        if opened_on != self.providers[0]:
            raise BackendUnavailable(
                f"ONNX Runtime lists {self.providers[0]} but opened {spec.file} on {opened_on}", _CHECK_GPU
            )
        _check_names(session, spec)
        return OnnxRuntimeGraph(session, spec)

    def close(self) -> None:
        """Do nothing: a session goes with the last graph that refers to it."""

    def _options(self, threads: int) -> Any:
        options = self._ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = self._ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _ERROR
        for name, value in spinning(self._ort.__version__).items():
            options.add_session_config_entry(f"session.{name}", value)
        if self.device == "cpu":
            _register_shared_arena(self._ort)
            options.add_session_config_entry("session.use_env_allocators", "1")
        return options

    def _provider_options(self) -> list[Any]:
        if self.device == "cpu":
            return [_CPU]
        if hasattr(self._ort, "preload_dlls"):
            self._ort.preload_dlls()
        options = {
            "device_id": int(self.device.removeprefix("cuda:")),
            # The exhaustive search of cuDNN, its default, runs anew for every frame size.
            "cudnn_conv_algo_search": "HEURISTIC",
            # By default convolutions round float32 to 10 bits, which is not FP32 as the tolerances mean it.
            "use_tf32": 0,
        }
        return [(_CUDA, options), _CPU]


@functools.cache
def _register_shared_arena(ort: ModuleType) -> None:
    """Give the process one arena for the memory of all graphs that ask for it.

    Graphs run one after another on the same frame: with arenas of their own they hold half as much again, and
    each finds its memory out of the cache.
    """
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    try:
        ort.create_and_register_allocator(memory, None)
    except Exception as error:  # the binding raises a dozen unrelated classes
        _LOG.debug("the application's own arena is used: %s", error)


def spinning(version: str) -> dict[str, str]:
    """How idle threads of a pool wait, as options of a session of that version of ONNX Runtime.

    Every graph has a pool of its own. Pools that spin for long take the cores from the one at work: eight
    graphs in turn on 2 cores took 114 ms with spinning and 16 ms without. Spinning for microseconds, from one
    step of a graph to the next, makes a run up to a seventh faster and costs nothing on a busy machine.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < _SPINS_FOR_MICROSECONDS:
        return {"intra_op.allow_spinning": "0"}
    return {
        "intra_op.allow_spinning": "1",
        "intra_op.spin_duration_us": str(_SPIN_MICROSECONDS),
        "force_spinning_stop": "1",
    }


def _check_names(session: Any, spec: GraphSpec) -> None:
    for kind, tensors, wanted in (
        ("inputs", session.get_inputs(), spec.inputs),
        ("outputs", session.get_outputs(), spec.outputs),
    ):
        found, listed = {tensor.name for tensor in tensors}, {tensor.name for tensor in wanted}
        if found != listed:
            raise BundleError(
                f"{spec.file} has the {kind} {sorted(found)}, the manifest says {sorted(listed)}",
                "Write the bundle again with `python -m export`.",
            )


class OnnxRuntimeGraph:
    """One session. Implements `Graph`."""

    def __init__(self, session: Any, spec: GraphSpec) -> None:
        from onnxruntime import OrtValue  # the session has imported it

        self._session = session
        self.spec = spec
        self._value_of: Callable[[npt.NDArray[np.float32]], Any] = OrtValue.ortvalue_from_numpy

    def run(
        self, inputs: Mapping[str, npt.NDArray[np.float32]], outputs: Mapping[str, npt.NDArray[np.float32]]
    ) -> None:
        """Run once; nothing is copied on the way in or out, but by a GPU. Raises InferenceError."""
        try:
            # A new one every time: a GPU copies an input when it is bound and not when the graph is run.
            binding = self._session.io_binding()
            for name, array in inputs.items():
                binding.bind_ortvalue_input(name, self._value_of(array))
            for name, array in outputs.items():
                binding.bind_ortvalue_output(name, self._value_of(array))
            self._session.run_with_iobinding(binding)
            binding.synchronize_outputs()
        except Exception as error:  # the binding raises a dozen unrelated classes
            raise InferenceError(
                f"ONNX Runtime stopped in {self.spec.file}: {error}",
                "Use a smaller frame if memory ran out; otherwise write the bundle again.",
            ) from error

    def close(self) -> None:
        """Let go of the session."""
        self._session = None
