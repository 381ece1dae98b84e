"""Compiles a driver of the tests against the native sources."""

import ctypes
import os
import subprocess
from pathlib import Path

OPS = Path(__file__).parents[2] / "cpp_ops"


def compile_driver(folder, name, *sources):
    """Load `name`.cpp of this folder as a shared library, built in `folder` beside sources of cpp_ops."""
    library = folder / f"{name}.so"
    files = [Path(__file__).with_name(f"{name}.cpp"), *(OPS / source for source in sources)]
    # Bound to its own functions: a driver may replace what another library of the process has as well.
    flags = ["-std=c++17", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-Wl,-Bsymbolic"]
    flags.append(f"-I{OPS}")
    subprocess.run([os.environ.get("CXX", "g++"), *flags, *files, "-o", library], check=True)
    return ctypes.CDLL(str(library))
