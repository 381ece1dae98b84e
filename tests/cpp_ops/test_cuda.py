"""The GPU driver: its per-pixel body on the CPU, its compilation, and its results where there is a GPU."""

import ctypes
import importlib.util
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings

from tests.cpp_ops.compiling import OPS, compile_driver
from tests.cpp_ops.frames import blocky_labels, frames, random_frame
from thermalsdk import _ops
from thermalsdk.compositing import reference
from thermalsdk.tolerances import COMPOSITE_KELVIN


@pytest.fixture(scope="module")
def by_pixel(tmp_path_factory):
    """The body that the kernel runs for each pixel, compiled for the CPU; called with a Frame."""
    function = compile_driver(tmp_path_factory.mktemp("driver"), "pixel_driver").composite_by_pixel

    def composite(frame):
        contrasts = (ctypes.c_void_p * len(frame.contrasts))(
            *(None if plane is None else plane.ctypes.data for plane in frame.contrasts)
        )
        means = contrast_means(frame)
        out = np.empty(frame.labels.shape, np.float32)
        function(
            *frame.labels.shape,
            ctypes.c_void_p(frame.labels.ctypes.data),
            ctypes.c_void_p(frame.objects.ctypes.data),
            contrasts,
            ctypes.c_void_p(frame.thermal_labels.ctypes.data),
            ctypes.c_void_p(means.ctypes.data),
            ctypes.c_float(frame.contrast_kelvin),
            frame.feather,
            ctypes.c_void_p(out.ctypes.data),
        )
        return out

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
def test_body_of_the_kernel_equals_the_specification(by_pixel, frame):
    assert COMPOSITE_KELVIN.accepts(by_pixel(frame) - reference.composite(*frame.arguments))


@pytest.mark.nvcc
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on PATH")
def test_kernel_compiles_for_the_oldest_and_the_newest_gpu(tmp_path):
    listed = subprocess.run(["nvcc", "--list-gpu-code"], capture_output=True, text=True, check=True)
    known = sorted(listed.stdout.split(), key=lambda code: int(code.removeprefix("sm_")))
    for code in (known[0], known[-1]):
        command = ["nvcc", "-std=c++17", f"-arch={code}", "-Werror", "all-warnings", "-cubin"]
        subprocess.run(
            [*command, OPS / "cuda/composite.cu", "-o", tmp_path / f"{code}.cubin"],
            check=True,
            capture_output=True,
            text=True,
        )
        assert (tmp_path / f"{code}.cubin").stat().st_size > 0


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
    labels, objects, thermal_labels = (
        torch.from_numpy(plane).cuda() for plane in (frame.labels, frame.objects, frame.thermal_labels)
    )
    contrasts = [None if plane is None else torch.from_numpy(plane).cuda() for plane in frame.contrasts]
    count = int(frame.objects.max()) + 1
    scratch = torch.empty(_ops.composite_cuda_scratch(count), dtype=torch.uint8, device="cuda")
    out = torch.empty_like(thermal_labels)
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
    )
    torch.cuda.synchronize()
    assert COMPOSITE_KELVIN.accepts(out.cpu().numpy() - reference.composite(*frame.arguments))
