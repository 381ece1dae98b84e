"""A GPU of lists: the surfaces of libcuda, pycuda and TensorRT's run time that the backend uses.

Engines are ONNX graphs and run in ONNX Runtime on "device memory", so that results are real. Work waits in
its stream until that is synchronised; memory that was freed, calls without a current context and graphs of
released contexts are errors.
"""

# ruff: noqa: N802 - names of the CUDA Driver API

from __future__ import annotations

import json
import threading
import weakref
from collections import Counter
from types import ModuleType, SimpleNamespace

import numpy as np
import onnxruntime

from thermalsdk.engines.flavours import Flavour

OUT_OF_MEMORY, NOT_CAPTURABLE = 2, 900
ERRORS = {OUT_OF_MEMORY: b"out of memory", NOT_CAPTURABLE: b"operation not permitted"}


class Released:
    """Counts while it lives, and says in the log when it is gone."""

    def __init__(self, gpu, kind):
        self._of = (gpu.live, gpu.log, kind)
        gpu.live[kind] += 1

    def __del__(self):
        live, log, kind = self._of
        live[kind] -= 1
        log.append(f"free {kind}")


class FakeGpu:
    def __init__(self, name="NVIDIA L4", capability=(8, 9), count=1):
        self.name, self.capability, self.count = name, capability, count
        self.log = []
        self.live = Counter()
        #: Its clock, in seconds, and what moves it: every run of an engine, and every value that it computes.
        self.now, self.seconds_per_run, self.seconds_per_value = 0.0, 1e-4, 1e-9
        #: Kernels that were compiled, by TensorRT for RTX.
        self.compiled = 0
        self.memory = weakref.WeakValueDictionary()
        self.streams = weakref.WeakValueDictionary()
        self.executions = weakref.WeakSet()
        self.graphs, self.executables = {}, {}
        self.capturing = None
        self.refuses_capture = False
        self._next = 1 << 12
        self._thread = threading.local()

    @property
    def contexts(self):
        if not hasattr(self._thread, "stack"):
            self._thread.stack = []
        return self._thread.stack

    def handle(self):
        self._next += 1 << 12
        return self._next

    def require_context(self):
        assert self.contexts, "no context is current on this thread"


class Library:
    """libcuda.so.1, called through ctypes."""

    def __init__(self, gpu):
        self._gpu = gpu

    def cuInit(self, flags):
        return 0

    def cuDriverGetVersion(self, version):
        version._obj.value = 13000
        return 0

    def cuDeviceGetCount(self, count):
        count._obj.value = self._gpu.count
        return 0

    def cuDeviceGet(self, device, number):
        device._obj.value = number
        return 0

    def cuDeviceGetName(self, name, size, device):
        name.value = self._gpu.name.encode()
        return 0

    def cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = self._gpu.capability[attribute - 75]
        return 0

    def cuDeviceTotalMem_v2(self, memory, device):
        memory._obj.value = 24 * 2**30
        return 0

    def cuGetErrorString(self, status, text):
        text._obj.value = ERRORS[status]
        return 0

    def cuStreamBeginCapture_v2(self, stream, mode):
        self._gpu.require_context()
        assert mode == 1, "other threads would break the capture"
        if self._gpu.refuses_capture:
            return NOT_CAPTURABLE
        self._gpu.capturing = []
        return 0

    def cuStreamEndCapture(self, stream, graph):
        graph._obj.value = self._gpu.handle()
        self._gpu.graphs[graph._obj.value] = self._gpu.capturing
        self._gpu.capturing = None
        return 0

    def cuGraphInstantiateWithFlags(self, executable, graph, flags):
        executable._obj.value = self._gpu.handle()
        self._gpu.executables[executable._obj.value] = self._gpu.graphs[graph.value]
        return 0

    def cuGraphDestroy(self, graph):
        del self._gpu.graphs[graph.value]
        return 0

    def cuGraphLaunch(self, executable, stream):
        self._gpu.require_context()
        self._gpu.log.append("launch")
        self._gpu.streams[stream.value].queue.extend(self._gpu.executables[executable.value])
        return 0

    def cuGraphExecDestroy(self, executable):
        self._gpu.require_context()
        del self._gpu.executables[executable.value]
        self._gpu.log.append("free graph")
        return 0


def pycuda_driver(gpu):
    """The module pycuda.driver."""

    class Stream(Released):
        def __init__(self):
            gpu.require_context()
            super().__init__(gpu, "stream")
            self.handle = gpu.handle()
            self.queue = []
            gpu.streams[self.handle] = self

        def put(self, work):
            (self.queue if gpu.capturing is None else gpu.capturing).append(work)

        def synchronize(self):
            gpu.require_context()
            assert gpu.capturing is None
            for work in self.queue:
                work()
            self.queue.clear()

    class Allocation(Released):
        def __init__(self, size):
            gpu.require_context()
            super().__init__(gpu, "memory")
            self.bytes = np.zeros(size, np.uint8)
            self._address = gpu.handle()
            gpu.memory[self._address] = self

        def __del__(self):
            gpu.require_context()
            if any(self._address in context.uses for context in gpu.executions):
                gpu.log.append("memory freed under a context")
            super().__del__()

        def __int__(self):
            return self._address

    class PrimaryContext:
        def push(self):
            gpu.contexts.append(self)

    def refuse(*arguments):
        raise AssertionError("a context of our own would not be PyTorch's")

    def copy_in(target, source, stream):
        gpu.require_context()
        address, size = int(target), source.nbytes
        stream.put(lambda: gpu.memory[address].bytes[:size].__setitem__(slice(None), source.view(np.uint8)))

    def copy_out(target, source, stream):
        gpu.require_context()
        address, size = int(source), target.nbytes
        stream.put(lambda: target.view(np.uint8).__setitem__(slice(None), gpu.memory[address].bytes[:size]))

    module = ModuleType("pycuda.driver")
    module.init = lambda: gpu.log.append("init")
    module.Device = lambda number: SimpleNamespace(
        retain_primary_context=lambda: gpu.log.append("retain") or PrimaryContext(), make_context=refuse
    )
    module.Context = SimpleNamespace(pop=lambda: gpu.contexts.pop())
    module.Stream = Stream
    module.mem_alloc = Allocation
    module.pagelocked_empty = np.empty
    module.memcpy_htod_async = copy_in
    module.memcpy_dtoh_async = copy_out
    return module


class Engine(Released):
    """What a plan of `write_plan` becomes."""

    device_memory_size_v2 = 4321

    def __init__(self, gpu, plan, rtx):
        super().__init__(gpu, "engine")
        header, _, model = bytes(plan).partition(b"\n")
        self.gpu, self._rtx = gpu, rtx
        self.profiles = json.loads(header)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.inputs = [tensor.name for tensor in self.session.get_inputs()]
        self._names = [*self.inputs, *(tensor.name for tensor in self.session.get_outputs())]
        self.num_io_tensors = len(self._names)

    def get_tensor_name(self, number):
        return self._names[number]

    def get_tensor_mode(self, name):
        return "in" if name in self.inputs else "out"

    def create_runtime_config(self):
        assert self._rtx, "only TensorRT for RTX has run-time configurations"
        return RuntimeConfiguration(self.gpu)

    def create_execution_context(self, configuration):
        runtime_cache = None
        if self._rtx:
            assert configuration.dynamic_shapes_kernel_specialization_strategy == "eager"
            runtime_cache = configuration.runtime_cache
            configuration = configuration.strategy
        assert configuration == "user"
        return ExecutionContext(self, runtime_cache)


class RuntimeConfiguration:
    def __init__(self, gpu):
        self._gpu = gpu
        self.dynamic_shapes_kernel_specialization_strategy = "lazy"
        self.strategy = self.runtime_cache = None

    def set_execution_context_allocation_strategy(self, strategy):
        self.strategy = strategy

    def create_runtime_cache(self):
        return RuntimeCache(self._gpu)

    def set_runtime_cache(self, runtime_cache):
        self.runtime_cache = runtime_cache
        return True


class RuntimeCache(Released):
    """Names of shapes whose kernels are compiled, after the GPU's name."""

    def __init__(self, gpu):
        super().__init__(gpu, "runtime cache")
        self._gpu = gpu
        self.kernels = set()

    def deserialize(self, content):
        gpu, *kernels = json.loads(bytes(content))
        if gpu == self._gpu.name:
            self.kernels |= set(kernels)
        return gpu == self._gpu.name

    def serialize(self):
        return memoryview(json.dumps([self._gpu.name, *sorted(self.kernels)]).encode())


class ExecutionContext(Released):
    def __init__(self, engine, runtime_cache):
        super().__init__(engine.gpu, "context")
        self._runtime_cache = runtime_cache
        engine.gpu.executions.add(self)
        self.engine, self._gpu = engine, engine.gpu
        self.capturable = True
        self._profile, self._scratch = None, None
        self._shapes, self._addresses = {}, {}

    @property
    def uses(self):
        return {self._scratch, *self._addresses.values()}

    def set_optimization_profile_async(self, number, stream):
        self._profile = self.engine.profiles[number]
        return True

    def set_device_memory(self, address, size):
        assert size == self.engine.device_memory_size_v2 <= self._gpu.memory[address].bytes.size
        self._scratch = address

    def set_input_shape(self, name, shape):
        low, high = self._profile["smallest"][name], self._profile["largest"][name]
        self._shapes[name] = shape
        return all(a <= side <= b for a, side, b in zip(low, shape, high, strict=True))

    def get_tensor_shape(self, name):
        if name in self.engine.inputs:
            return self._shapes[name]
        zeros = {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}
        (output,) = self.engine.session.run([name], zeros)
        return output.shape

    def set_tensor_address(self, name, address):
        assert address in self._gpu.memory
        self._addresses[name] = address
        return True

    def is_stream_capturable(self, stream):
        return self.capturable

    def execute_async_v3(self, stream):
        self._gpu.require_context()
        assert self._scratch in self._gpu.memory
        self._compile()
        context = weakref.proxy(self)
        self._gpu.streams[stream].put(lambda: context.execute())
        return True

    def _compile(self):
        kernel = repr(sorted(self._shapes.items()))
        if self._runtime_cache is not None and kernel not in self._runtime_cache.kernels:
            self._runtime_cache.kernels.add(kernel)
            self._gpu.compiled += 1

    def execute(self):
        self._gpu.now += self._gpu.seconds_per_run
        inputs = {name: self._read(name, shape) for name, shape in self._shapes.items()}
        names = [tensor.name for tensor in self.engine.session.get_outputs()]
        for name, value in zip(names, self.engine.session.run(names, inputs), strict=True):
            self._gpu.now += self._gpu.seconds_per_value * value.size
            self._gpu.memory[self._addresses[name]].bytes[: value.nbytes] = value.reshape(-1).view(np.uint8)

    def _read(self, name, shape):
        size = int(np.prod(shape))
        return self._gpu.memory[self._addresses[name]].bytes.view(np.float32)[:size].reshape(shape)


def runtime_flavour(gpu, name, version):
    """A flavour whose module has TensorRT's run time."""

    class Runtime(Released):
        def __init__(self, logger):
            super().__init__(gpu, "runtime")

        def deserialize_cuda_engine(self, plan):
            gpu.require_context()
            return Engine(gpu, plan, name == "tensorrt_rtx") if bytes(plan) != b"foreign" else None

    module = SimpleNamespace(
        Runtime=Runtime,
        ILogger=object,
        TensorIOMode=SimpleNamespace(INPUT="in"),
        ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user"),
        DynamicShapesKernelSpecializationStrategy=SimpleNamespace(EAGER="eager"),
        ComputeCapability=SimpleNamespace(SM89=1, SM120=2),
    )
    return Flavour(name, version, module)


def write_plan(request, model, engine, timing_cache, progress, gpu):
    """Stands for `build_engine`: the profiles and the graph itself."""
    engine.write_bytes(json.dumps(request.to_dict()["profiles"]).encode() + b"\n" + model)
    share = {"declared": None, "verified": None, "unverified": "not built"}
    return {"tensors": [], "layers": {}, "profiles": [], "diagnostics": None, "half_share": share}
