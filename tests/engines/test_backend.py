"""The TensorRT backend on a GPU of lists: results, shapes, CUDA graphs, threads, release; and refusals."""

import gc
import logging
import shutil
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.engines import fake_gpu
from tests.engines.fake_gpu import FakeGpu
from tests.engines.fused_graph import with_fused
from tests.engines.synthesis import frame, load
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Temperatures
from thermalsdk.backends import tensorrt as tensorrt_backend
from thermalsdk.bundle import Bundle, GraphSpec, TensorSpec, twin_name, write_manifest
from thermalsdk.engines import EngineCache, plan_engines
from thermalsdk.engines import cache as caching
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.flavours import PORTABLE
from thermalsdk.errors import BackendUnavailable, BundleError, InferenceError, OptionError

SIZES = ((96, 128), (200, 330), (64, 64))


@pytest.mark.parametrize(
    ("name", "version"),
    [("tensorrt", "10.3.0"), ("tensorrt", "11.4.0.106"), ("tensorrt_rtx", "1.7.1.116")],
)
def test_frames_are_those_of_onnxruntime(machine, tiny, name, version):
    gpu = machine(name, version)
    given = Temperatures(ambient=290.0, classes={"car": 310.0})
    with load(tiny) as synth, load(tiny, "onnxruntime", device="cpu") as reference:
        assert synth.info.backend == "tensorrt"
        assert synth.info.device == "cuda:0"
        assert synth.info.providers == (f"{name} {version}",)
        for repeat in range(3):
            for number, size in enumerate(SIZES):
                rgb, labels = frame(size, 10 * repeat + number)
                auto, expected = synth(rgb), reference(rgb)
                np.testing.assert_array_equal(auto.labels, expected.labels)
                np.testing.assert_allclose(auto.kelvin, expected.kelvin, rtol=0, atol=1e-3)
                set_ones = {"labels": labels, "temperatures": given}
                np.testing.assert_allclose(
                    synth(rgb, **set_ones).kelvin, reference(rgb, **set_ones).kelvin, rtol=0, atol=1e-3
                )
    assert gpu.log.count("retain") == 1
    assert gpu.log.count("launch") > 20
    assert gpu.contexts == []


def test_each_shape_is_recorded_once(machine, tiny):
    gpu = machine()
    with load(tiny) as synth:
        rgb, labels = frame((96, 128))
        for _ in range(5):
            synth(rgb, labels=labels, temperatures=Temperatures(ambient=290.0))
        recorded = len(gpu.executables)
        # Three classes and the encoder: each ran as it is once, then was recorded, then launched.
        assert recorded >= 4
        assert gpu.log.count("launch") == 4 * recorded
        assert gpu.graphs == {}


def test_shapes_beyond_what_is_kept_are_released(machine, tiny, monkeypatch):
    gpu = machine()
    monkeypatch.setattr(tensorrt_backend, "_KEPT_SHAPES", 2)
    with load(tiny) as synth:
        for width in (64, 96, 128, 160):
            rgb, _ = frame((64, width))
            synth(rgb)
            synth(rgb)
        assert gpu.log.count("free context") > 0
        assert gpu.log.index("free graph") < gpu.log.index("free context")


def test_release_order_and_nothing_left(machine, tiny):
    gpu = machine()
    synth = load(tiny)
    rgb, _ = frame((96, 128))
    synth(rgb)
    synth(rgb)
    gpu.log.clear()
    synth.close()
    synth.close()
    del synth
    gc.collect()

    def last(kind):
        return len(gpu.log) - 1 - gpu.log[::-1].index(f"free {kind}")

    def first(kind):
        return gpu.log.index(f"free {kind}")

    assert first("graph") < first("context") < first("engine")
    assert last("engine") < first("runtime")
    assert last("memory") < first("stream")
    assert "memory freed under a context" not in gpu.log
    assert len(gpu.memory) == len(gpu.streams) == len(gpu.executables) == 0
    assert gpu.contexts == []


def test_fifty_loads_leave_nothing_open(machine, tmp_path, small_street):
    """Not even for the garbage collector. TensorRT for RTX holds all that TensorRT does, and its kernels."""
    gpu = machine("tensorrt_rtx", "1.7.1.116")
    bundle = with_fused(write_tiny_bundle(tmp_path / "two", ("background", "car")))
    rgb, labels = frame((64, 64))
    left = []
    for _ in range(50):
        with load(bundle) as synth:
            synth(rgb, labels=labels % 2, temperatures=Temperatures(ambient=290.0))
            assert gpu.live["context"] > 0
        del synth
        left.append(
            (
                +gpu.live,
                len(gpu.memory),
                len(gpu.executables),
                len(gpu.graphs),
                len(gpu.contexts),
                threading.active_count(),
                len(list(Path("/proc/self/fd").iterdir())),
            )
        )
    assert left[0][:5] == (Counter(), 0, 0, 0, 0)
    assert all(each == left[0] for each in left)
    assert gpu.log.count("retain") == 1
    assert "memory freed under a context" not in gpu.log


def test_layers_share_memory(machine, tiny):
    """Ten layers take no more than one: the encoder's features, a condition, a contrast, and scratch."""
    gpu = machine()
    with load(tiny) as synth:
        rgb, _ = frame((96, 128))
        every = np.arange(128) * 10 // 128 + np.zeros((96, 1), np.int64)
        synth(rgb, labels=every, temperatures=Temperatures(ambient=290.0))
        names = {
            tensor.name for spec in Bundle.open(tiny).manifest.graphs.all()[:11] for tensor in spec.inputs
        }
        assert len(gpu.memory) == len(names | {"contrast"}) + 1


def test_another_thread(machine, tiny):
    gpu = machine()
    rgb, _ = frame((96, 128))
    results = []
    with load(tiny) as synth:
        results.append(synth(rgb).kelvin)
        threads = [threading.Thread(target=lambda: results.append(synth(rgb).kelvin)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert len(results) == 4
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    assert gpu.contexts == []


def test_a_stream_that_cannot_be_captured_runs_all_the_same(machine, tiny, caplog):
    gpu = machine()
    gpu.refuses_capture = True
    rgb, _ = frame((96, 128))
    with load(tiny) as synth, caplog.at_level(logging.WARNING, logger="thermalsdk.tensorrt"):
        first, second, third = (synth(rgb).kelvin for _ in range(3))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    assert (
        "encoder.onnx runs without a CUDA graph: cuStreamBeginCapture_v2 failed: operation not" in caplog.text
    )
    assert gpu.log.count("launch") == 0


def test_what_goes_wrong_in_a_capture_is_what_is_said(machine):
    gpu = machine()
    gpu.contexts.append("current")

    def fails():
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        CudaDriver().capture(gpu.handle(), fails)
    assert gpu.graphs == {}


def test_rtx_records_only_what_it_says_can_be(machine, tiny, monkeypatch):
    gpu = machine("tensorrt_rtx", "1.7.1.116")
    monkeypatch.setattr(fake_gpu.ExecutionContext, "is_stream_capturable", lambda context, stream: False)
    rgb, _ = frame((96, 128))
    with load(tiny) as synth:
        np.testing.assert_array_equal(synth(rgb).kelvin, synth(rgb).kelvin)
    assert gpu.log.count("launch") == 0


def test_frame_beyond_every_profile(machine, tiny):
    machine()
    with load(tiny) as synth, pytest.raises(InferenceError, match="no TensorRT profile") as caught:
        synth(np.zeros((1120, 64, 3), np.uint8))
    assert "1920x1088" in caught.value.hint


def test_output_of_another_shape(machine, tiny):
    machine()
    bundle = Bundle.open(tiny)
    backend = tensorrt_backend.open_backend(bundle, "cuda:0", "fp32", 1)
    spec = bundle.manifest.graphs.encoder
    graph = backend.open(spec, 1)
    small = {t.name: np.zeros(t.shape_for(32, 32), np.float32) for t in spec.outputs}
    with pytest.raises(InferenceError, match="features_2 the shape"):
        graph.run({"rgb": np.zeros((1, 3, 64, 64), np.float32)}, small)
    backend.close()


def test_graph_unlike_its_manifest(machine, tiny):
    machine()
    bundle = Bundle.open(tiny)
    backend = tensorrt_backend.open_backend(bundle, "auto", "auto", 1)
    spec = bundle.manifest.graphs.segmenter
    renamed = GraphSpec(spec.file, spec.inputs, (TensorSpec("scores", "float32", (1, 10, "H", "W")),))
    with pytest.raises(BundleError, match="outputs"):
        backend.open(renamed, 1)


def test_foreign_engine(machine, tiny, monkeypatch):
    gpu = machine()
    monkeypatch.setattr(caching.CacheEntry, "read", lambda entry: b"foreign")
    with pytest.raises(BackendUnavailable, match=r"does not take the engine of encoder\.onnx") as caught:
        load(tiny)
    assert "cache clear" in caught.value.hint
    assert gpu.log[-2:] == ["free runtime", "free stream"]
    assert gpu.contexts == []


def test_run_out_of_memory(machine, tiny, monkeypatch):
    machine()
    with load(tiny) as synth:
        monkeypatch.setattr(sys.modules["pycuda.driver"], "mem_alloc", lambda size: 1 // 0)
        with pytest.raises(InferenceError, match=r"TensorRT stopped in segmenter\.onnx"):
            synth(frame((64, 64))[0])


def test_unknown_gpus(machine, tiny):
    machine(gpu=FakeGpu(count=2))
    assert [gpu.name for gpu in CudaDriver().gpus()] == ["NVIDIA L4"] * 2
    assert CudaDriver().cuda_version == "13.0"
    with load(tiny, device="cuda:1") as synth:
        assert synth.info.device == "cuda:1"
    with pytest.raises(BackendUnavailable, match="there is no GPU 2"):
        load(tiny, device="cuda:2")
    machine("tensorrt_rtx", "1.7", FakeGpu("NVIDIA H100", (9, 0)))
    with pytest.raises(BackendUnavailable, match="does not know NVIDIA H100"):
        load(tiny)


def test_engines_are_built_on_the_gpu_that_runs_them(machine, tiny, monkeypatch):
    machine(gpu=FakeGpu(count=2))
    built_on = []
    monkeypatch.setattr(
        caching,
        "build_engine",
        lambda *request: built_on.append(request[-1]) or fake_gpu.write_plan(*request),
    )
    load(tiny, device="cuda:1").close()
    assert set(built_on) == {1}


def test_half_precision_takes_the_twins(machine, tmp_path):
    machine()
    twins = write_tiny_bundle(tmp_path / "twins", precision="fp16")
    with load(twins) as synth:
        assert synth.info.precision == "fp16"
    with load(twins, precision="fp32") as synth:
        assert synth.info.precision == "fp32"


@pytest.mark.parametrize("rest", [None, "fp16"])
def test_int8_runs_the_segmenter_in_its_symmetric_twin_and_the_rest_as_before(machine, tmp_path, rest):
    machine()
    folder = write_tiny_bundle(tmp_path / "twins", precision=rest)
    other = write_tiny_bundle(tmp_path / "other", seed=1)
    shutil.copyfile(other / "segmenter.onnx", folder / "segmenter.int8-symmetric.onnx")
    write_manifest(folder, Bundle.open(folder).manifest)
    graphs, built = Bundle.open(folder).manifest.graphs, EngineCache()
    with load(folder, precision="int8") as synth, load(other, "onnxruntime", device="cpu") as reference:
        assert synth.info.precision == "int8"
        rgb, _ = frame((96, 128))
        labels = synth(rgb).labels
        np.testing.assert_array_equal(labels, reference(rgb).labels)
    made = {entry.request.graph: entry.request.precision for entry in built.entries()}
    expected = {twin_name(spec, rest or "fp32"): rest or "fp32" for spec in graphs.all()}
    del expected[twin_name(graphs.segmenter, rest or "fp32")]
    assert made == expected | {"segmenter.int8-symmetric.onnx": "int8-symmetric"}
    with load(folder) as synth:  # "auto" leaves integers alone, and shares all other engines
        assert synth.info.precision == (rest or "fp32")
        assert not np.array_equal(synth(rgb).labels, labels)
    assert len(built.entries()) == len(made) + 1


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_precisions_that_the_bundle_lacks(machine, tmp_path, precision):
    """The 8-bit twin of ONNX Runtime does not count."""
    machine()
    bundle = write_tiny_bundle(tmp_path / "cpu", precision="int8")
    with pytest.raises(BackendUnavailable, match=f"'{precision}' .* for TensorRT") as caught:
        load(bundle, precision=precision)
    assert f"export --{precision}" in caught.value.hint


def test_unknown_precision(tiny, rtx):
    with pytest.raises(OptionError, match="int4") as caught:
        plan_engines(Bundle.open(tiny), rtx, PORTABLE, "int4")
    assert "int8" in caught.value.hint


def test_cpu_is_refused(tiny):
    with pytest.raises(BackendUnavailable, match="NVIDIA GPUs only"):
        load(tiny, device="cpu")


def test_no_driver(machine, tiny, monkeypatch):
    machine()

    def absent():
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", absent)
    with pytest.raises(BackendUnavailable, match="no NVIDIA driver") as caught:
        load(tiny)
    assert "nvidia-driver" in caught.value.hint


def test_no_pycuda(machine, tiny, monkeypatch):
    machine()
    monkeypatch.setitem(sys.modules, "pycuda.driver", None)
    with pytest.raises(BackendUnavailable, match="pycuda cannot be imported") as caught:
        load(tiny)
    assert "pip install pycuda" in caught.value.hint


def test_driver_that_fails(machine, tiny, monkeypatch):
    gpu = machine()
    library = fake_gpu.Library(gpu)
    library.cuInit = lambda flags: fake_gpu.OUT_OF_MEMORY
    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", lambda: library)
    with pytest.raises(BackendUnavailable, match=r"cuInit: out of memory \(CUDA error 2\)"):
        load(tiny)
