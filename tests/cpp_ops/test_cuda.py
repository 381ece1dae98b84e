"""The GPU driver: its per-pixel body on the CPU, its compilation, and its results where there is a GPU."""

import ctypes
import importlib.util
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings

from tests.cpp_ops.compiling import OPS, compile_driver, setup_script
from tests.cpp_ops.frames import blocky_labels, frames, random_frame
from thermalsdk import _ops
from thermalsdk.compositing import reference
from thermalsdk.tolerances import COMPOSITE_KELVIN

#: A grey for every count of 0.01 K, unlike any of its neighbours'.
AGC_TABLE = (np.arange(65536) * 37 % 251).astype(np.uint8)


@pytest.fixture(scope="module")
def by_thread(tmp_path_factory):
    """Every thread of the kernel, on the CPU; called with a Frame and what to leave out of the outputs."""
    function = compile_driver(tmp_path_factory.mktemp("driver"), "pixel_driver").composite_by_thread

    def composite(frame, without=()):
        contrasts = (ctypes.c_void_p * len(frame.contrasts))(
            *(None if plane is None else plane.ctypes.data for plane in frame.contrasts)
        )
        objects, means = frame.objects, contrast_means(frame)
        size = frame.labels.shape
        outputs = {
            "kelvin": np.full(size, -1, np.float32),
            "raw16": np.full(size, 7, np.uint16),
            "grey": np.full(size, 255, np.uint8),
        }
        function(
            *size,
            ctypes.c_void_p(frame.labels.ctypes.data),
            ctypes.c_void_p(objects.ctypes.data),
            contrasts,
            ctypes.c_void_p(frame.thermal_labels.ctypes.data),
            ctypes.c_void_p(means.ctypes.data),
            ctypes.c_float(frame.contrast_kelvin),
            frame.feather,
            *(
                ctypes.c_void_p(None if name in without else plane.ctypes.data)
                for name, plane in outputs.items()
            ),
            ctypes.c_void_p(None if "grey" in without else AGC_TABLE.ctypes.data),
        )
        return outputs

    return composite


def contrast_means(frame):
    """Mean contrast of each object's core, float32: m_o."""
    own = np.select(
        [frame.labels == k for k in range(len(frame.contrasts))],
        [0 if plane is None else plane for plane in frame.contrasts],
    ).astype(np.float32)
    return reference.core_means(frame.labels, frame.objects, own, frame.feather).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(frame=frames(largest=70))
def test_threads_of_the_kernel_equal_the_specification(by_thread, frame):
    """Frames of any size: blocks stick out at the right and below, and every pixel has one thread."""
    out = by_thread(frame)
    assert COMPOSITE_KELVIN.accepts(out["kelvin"] - frame.specified)
    np.testing.assert_array_equal(out["raw16"], reference.raw16(out["kelvin"]))
    np.testing.assert_array_equal(out["grey"], AGC_TABLE[out["raw16"]])


@pytest.mark.parametrize("absent", ["kelvin", "raw16", "grey"])
def test_outputs_that_are_not_wanted_are_left_alone(by_thread, absent):
    rng = np.random.default_rng(1)
    frame = random_frame(rng, blocky_labels(rng, 40, 50), 2)
    whole, part = by_thread(frame), by_thread(frame, {absent})
    assert np.ptp(part.pop(absent)) == 0
    for name, plane in part.items():
        np.testing.assert_array_equal(plane, whole[name])


@pytest.mark.nvcc
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on PATH")
def test_kernel_compiles_for_every_architecture(tmp_path):
    """All that setup.py asks for and this nvcc has."""
    wanted = setup_script().code_options("nvcc")
    target = tmp_path / "composite.fatbin"
    command = ["nvcc", "-std=c++17", *wanted, "-Werror", "all-warnings", "-fatbin"]
    subprocess.run(
        [*command, OPS / "cuda/composite.cu", "-o", target], check=True, capture_output=True, text=True
    )
    content = target.read_bytes()
    assert content.count(b"\x7fELF") >= len(wanted) - 1  # the last is PTX


def test_module_tells_whether_it_has_the_driver():
    assert hasattr(_ops, "composite_cuda") == _ops.has_cuda


def cuda():
    """PyTorch with a GPU, which the module's own driver can run on; else the test is skipped."""
    if not _ops.has_cuda:
        pytest.skip("thermalsdk._ops was built without CUDA")
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch to hold device memory")
    import torch

    if not torch.cuda.is_available():
        pytest.skip("PyTorch sees no GPU")
    return torch


@pytest.mark.gpu
@pytest.mark.parametrize("feather", range(5))
def test_gpu_equals_the_specification(feather):
    torch = cuda()
    rng = np.random.default_rng(feather)
    frame = random_frame(rng, blocky_labels(rng, 120, 333), feather)
    count = int(frame.objects.max()) + 1
    labels, objects, thermal_labels = (
        torch.from_numpy(plane).cuda() for plane in (frame.labels, frame.objects, frame.thermal_labels)
    )
    contrasts = [None if plane is None else torch.from_numpy(plane).cuda() for plane in frame.contrasts]
    scratch = torch.empty(_ops.composite_cuda_scratch(count), dtype=torch.uint8, device="cuda")
    out = torch.empty_like(thermal_labels)
    raw16 = torch.empty(frame.labels.shape, dtype=torch.uint16, device="cuda")
    grey = torch.empty(frame.labels.shape, dtype=torch.uint8, device="cuda")
    agc_table = torch.from_numpy(AGC_TABLE).cuda()
    _ops.composite_cuda(
        *frame.labels.shape,
        count,
        labels.data_ptr(),
        objects.data_ptr(),
        [None if plane is None else plane.data_ptr() for plane in contrasts],
        thermal_labels.data_ptr(),
        frame.contrast_kelvin,
        feather,
        scratch.data_ptr(),
        out.data_ptr(),
        torch.cuda.current_stream().cuda_stream,
        raw16.data_ptr(),
        grey.data_ptr(),
        agc_table.data_ptr(),
    )
    torch.cuda.synchronize()
    kelvin = out.cpu().numpy()
    assert COMPOSITE_KELVIN.accepts(kelvin - frame.specified)
    np.testing.assert_array_equal(raw16.cpu().numpy(), reference.raw16(kelvin))
    np.testing.assert_array_equal(grey.cpu().numpy(), AGC_TABLE[raw16.cpu().numpy()])
