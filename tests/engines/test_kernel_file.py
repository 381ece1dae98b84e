"""What TensorRT for RTX compiled is compiled once: kept beside the engine, read only where it is sound."""

import json
import logging

import pytest

from tests.engines import fake_gpu
from tests.engines.fake_gpu import FakeGpu
from tests.engines.synthesis import frame, load
from thermalsdk import Temperatures
from thermalsdk.engines import EngineCache, kernel_file
from thermalsdk.engines.kernel_file import KernelFile

RTX = ("tensorrt_rtx", "1.7.1.116")


@pytest.fixture
def compiled(machine, tiny):
    """Call with a GPU: how many kernels a process compiles on it that makes one frame."""

    def call(gpu=None):
        gpu = machine(*RTX, gpu or FakeGpu())
        rgb, labels = frame((96, 128))
        with load(tiny) as synth:
            synth(rgb, labels=labels, temperatures=Temperatures(ambient=290.0))
        return gpu.compiled

    return call


def kernel_files():
    return sorted(EngineCache().folder.glob("*.kernels"))


def test_the_next_process_compiles_nothing_and_writes_nothing(compiled):
    assert compiled() > 3
    files = kernel_files()
    assert len(files) > 3
    assert all(path.with_suffix(".engine").exists() for path in files)
    before = [path.stat().st_ino for path in files]
    assert compiled() == 0
    assert [path.stat().st_ino for path in kernel_files()] == before  # each write makes a new file


def test_a_new_shape_is_added(machine, tiny):
    sizes = ((96, 128), (64, 64), (96, 128))
    counts = []
    for size in sizes:
        gpu = machine(*RTX)
        with load(tiny) as synth:
            synth(frame(size)[0])
        counts.append(gpu.compiled)
    assert counts[0] > 0 < counts[1]
    assert counts[2] == 0


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[:-5],
        lambda content: content[:10],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"",
    ],
)
def test_damaged_kernels_are_compiled_again(compiled, harm):
    count = compiled()
    for path in kernel_files():
        path.write_bytes(harm(path.read_bytes()))
    assert compiled() == count
    assert compiled() == 0


def test_kernels_of_another_gpu_are_refused_by_tensorrt_and_replaced(compiled):
    count = compiled()
    assert compiled(FakeGpu("NVIDIA GeForce RTX 4090", (8, 9))) == count
    assert compiled(FakeGpu("NVIDIA GeForce RTX 4090", (8, 9))) == 0


def test_kernels_of_another_engine_are_not_read(compiled, tiny):
    compiled()
    one, other = EngineCache().entries()[:2]
    assert json.loads(KernelFile(one).read())
    one.path.with_suffix(".kernels").write_bytes(other.path.with_suffix(".kernels").read_bytes())
    assert KernelFile(one).read() == b""
    assert KernelFile(other).read() != b""


def test_a_full_disk_costs_a_log_line_and_no_frame(compiled, monkeypatch, caplog):
    def replace_whole(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kernel_file, "replace_whole", replace_whole)
    with caplog.at_level(logging.WARNING, logger="thermalsdk"):
        count = compiled()
    assert "encoder.onnx: its compiled kernels are not kept: [Errno 28] No space left" in caplog.text
    assert kernel_files() == []
    monkeypatch.undo()
    assert count > 0


def test_clearing_the_cache_removes_them(compiled):
    compiled()
    EngineCache().clear()
    assert kernel_files() == []


def test_early_versions_and_tensorrt_have_none(machine, tiny, monkeypatch):
    monkeypatch.delattr(fake_gpu.RuntimeConfiguration, "create_runtime_cache")
    machine(*RTX)
    with load(tiny) as synth:
        synth(frame((64, 64))[0])
    machine("tensorrt", "11.4.0.106")
    with load(tiny) as synth:
        synth(frame((64, 64))[0])
    assert kernel_files() == []


def test_the_installed_version_has_what_is_used(rtx):
    """No GPU is needed to see the binding's surface."""
    assert {"create_runtime_cache", "set_runtime_cache"} <= set(dir(rtx.module.IRuntimeConfig))
    assert {"serialize", "deserialize"} <= set(dir(rtx.module.IRuntimeCache))
