"""Compiles a driver of the tests against the native sources."""

import ctypes
import importlib.util
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPS = ROOT / "cpp_ops"


def setup_script():
    """The module setup.py, which builds nothing when it is imported."""
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compile_driver(folder, name, *sources):
    """Load `name`.cpp of this folder as a shared library, built in `folder` beside sources of cpp_ops."""
    library = folder / f"{name}.so"
    files = [Path(__file__).with_name(f"{name}.cpp"), *(OPS / source for source in sources)]
    # Bound to its own functions: a driver may replace what another library of the process has as well.
    flags = ["-std=c++17", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-Wl,-Bsymbolic"]
    flags.append(f"-I{OPS}")
    subprocess.run([os.environ.get("CXX", "g++"), *flags, *files, "-o", library], check=True)
    return ctypes.CDLL(str(library))
