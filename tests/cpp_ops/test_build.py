"""The switches of setup.py. Each run stops before it links, so the installed module stays as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
