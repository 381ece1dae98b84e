"""Builds the native module `thermalsdk._ops`; everything else about the package is in pyproject.toml.

Environment:
    THERMALSDK_CUDA: 1 compiles the GPU driver and fails without NVIDIA's compiler; 0 leaves it out; auto
        (default) compiles it when nvcc is on PATH, else builds for the CPU alone. CUDA's run time is linked
        statically, so that the module loads on machines without CUDA.
    DEBUG: 1 compiles without optimisation, with debug information and with assertions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

OPS = Path("cpp_ops")
DEBUG = os.environ.get("DEBUG") == "1"
# No -march: clones.h picks the vector units at load time. No contraction: the same bits on every machine.
FLAGS = ["-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
# Counting a reference without Python's lock is an error in every build: a race shows too rarely to be found.
FLAGS += ["-DPYBIND11_ASSERT_GIL_HELD_INCREF_DECREF"]
FLAGS += ["-O0", "-g", "-D_GLIBCXX_ASSERTIONS"] if DEBUG else ["-O3"]
#: Turing, Ampere (A100, RTX 30, Orin), Ada, Hopper, Blackwell, Thor, RTX 50, rising. Before Pascal there is
#: no atomicAdd of doubles, and CUDA 13 has nothing before Turing.
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_100", "sm_110", "sm_120")


class CudaMissing(Exception):
    """The GPU driver cannot be compiled here."""


def cuda_libraries(nvcc: str) -> Path:
    """Folder of the static CUDA run time that belongs to this compiler.

    Raises:
        CudaMissing: it is not installed.
    """
    steps = subprocess.run(
        [nvcc, "-dryrun", "-x", "cu", os.devnull], capture_output=True, text=True, check=False
    )
    for word in steps.stderr.replace('"', " ").split():
        folder = Path(word.removeprefix("-L"))
        if word.startswith("-L") and (folder / "libcudart_static.a").exists():
            return folder
    raise CudaMissing("libcudart_static.a is not beside nvcc")


def code_options(nvcc: str) -> list[str]:
    """Options for machine code of all ARCHITECTURES that this compiler has, and PTX of the last.

    Raises:
        CudaMissing: it has none of them.
    """
    listed = subprocess.run([nvcc, "--list-gpu-code"], capture_output=True, text=True, check=False)
    numbers = [code.removeprefix("sm_") for code in ARCHITECTURES if code in listed.stdout.split()]
    if not numbers:
        raise CudaMissing(f"nvcc has none of {', '.join(ARCHITECTURES)}")
    machine_code = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in numbers]
    return [*machine_code, f"-gencode=arch=compute_{numbers[-1]},code=compute_{numbers[-1]}"]


def compile_kernels(build_folder: Path) -> tuple[Path, Path]:
    """Compile composite.cu for every architecture; return the object and its library folder.

    Raises:
        CudaMissing: there is no nvcc, or it failed.
    """
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        raise CudaMissing("nvcc is not on PATH")
    libraries = cuda_libraries(nvcc)
    build_folder.mkdir(parents=True, exist_ok=True)
    target = build_folder / "composite_cuda.o"
    options = ["--threads=0", "-std=c++17", "-Xcompiler=-fPIC", *(["-g"] if DEBUG else ["-O3"])]
    command = [nvcc, *options, *code_options(nvcc), "-c", str(OPS / "cuda/composite.cu"), "-o", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CudaMissing(f"nvcc failed:\n{result.stderr.strip()}")
    return target, libraries


class BuildOps(build_ext):
    """Adds the GPU driver to the extension where THERMALSDK_CUDA asks for it."""

    def build_extension(self, extension: Pybind11Extension) -> None:
        """Compile the extension, for the CPU alone if need be."""
        wanted = os.environ.get("THERMALSDK_CUDA", "auto")
        if wanted not in ("0", "1", "auto"):
            sys.exit(f"THERMALSDK_CUDA is {wanted!r}; use 0, 1 or auto")
        if wanted == "0":
            print("thermalsdk: building for the CPU, as THERMALSDK_CUDA=0 asks")
        else:
            try:
                self.add_cuda(extension)
            except CudaMissing as reason:
                if wanted == "1":
                    sys.exit(f"THERMALSDK_CUDA=1, but {reason}")
                print(f"thermalsdk: building for the CPU alone: {reason}")
        super().build_extension(extension)

    def add_cuda(self, extension: Pybind11Extension) -> None:
        """Link the compiled kernels and their bindings."""
        kernels, libraries = compile_kernels(Path(self.build_temp))
        extension.define_macros.append(("THERMAL_CUDA", "1"))
        extension.extra_objects.append(str(kernels))
        extension.library_dirs.append(str(libraries))
        extension.libraries += ["cudart_static", "dl", "rt", "pthread"]


if __name__ == "__main__":  # the tests read the rest
    ParallelCompile().install()
    setup(
        ext_modules=[
            Pybind11Extension(
                "thermalsdk._ops",
                # The one that takes longest first.
                [str(OPS / "python/module.cpp"), *sorted(str(path) for path in OPS.glob("*.cpp"))],
                include_dirs=[str(OPS)],
                depends=sorted(
                    str(path) for path in [*OPS.rglob("*.h"), *OPS.rglob("*.cu"), *OPS.rglob("*.cpp")]
                ),
                extra_compile_args=FLAGS,
                extra_link_args=["-pthread"],
                cxx_std=17,
            )
        ],
        cmdclass={"build_ext": BuildOps},
    )
