"""The switches of setup.py. Each run stops before it links, so the installed module stays as it is."""

import os
import subprocess
import sys

import pytest

from tests.cpp_ops.compiling import ROOT, setup_script


def build(tmp_path, **environment):
    """Run build_ext into a folder of its own, on a machine without a single program on PATH."""
    command = [sys.executable, "setup.py", "build_ext", "--build-lib", tmp_path, "--build-temp", tmp_path]
    settings = {**os.environ, "PATH": str(tmp_path), **environment}
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [("1", "THERMALSDK_CUDA=1, but nvcc is not on PATH"), ("yes", "use 0, 1 or auto")],
)
def test_cuda_that_cannot_be_had_is_refused(tmp_path, value, message):
    result = build(tmp_path, THERMALSDK_CUDA=value)
    assert result.returncode != 0
    assert message in result.stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [("auto", "building for the CPU alone: nvcc is not on PATH"), ("0", "as THERMALSDK_CUDA=0 asks")],
)
def test_build_without_cuda_says_so_in_one_line(tmp_path, value, message):
    # CXX is absent too: the build goes on to the compiler, which is not there.
    result = build(tmp_path, THERMALSDK_CUDA=value, CC="absent", CXX="absent")
    lines = [line for line in result.stdout.splitlines() if line.startswith("thermalsdk:")]
    assert len(lines) == 1
    assert message in lines[0]


def compiler(folder, *listed):
    """An nvcc that knows these architectures."""
    path = folder / "nvcc"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --list-gpu-code ] && echo '{' '.join(listed)}'\n")
    path.chmod(0o755)
    return str(path)


def test_kernels_are_compiled_from_turing_on_with_ptx_for_what_comes(tmp_path):
    """CUDA 12.6 still knows Maxwell, where the kernels do not compile; nvcc sorts as it likes."""
    nvcc = compiler(tmp_path, "sm_50", "sm_60", "sm_70", "sm_90", "sm_75", "sm_80", "sm_90a")
    assert setup_script().code_options(nvcc) == [
        "-gencode=arch=compute_75,code=sm_75",
        "-gencode=arch=compute_80,code=sm_80",
        "-gencode=arch=compute_90,code=sm_90",
        "-gencode=arch=compute_90,code=compute_90",
    ]


def test_a_compiler_of_old_architectures_alone_is_refused(tmp_path):
    script = setup_script()
    with pytest.raises(script.CudaMissing, match="none of sm_75"):
        script.code_options(compiler(tmp_path, "sm_35", "sm_50"))
