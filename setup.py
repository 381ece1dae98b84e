"""Builds the native module `thermalsdk._ops`; everything else about the package is in pyproject.toml."""

from pathlib import Path
from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup

FLAGS = ["-O3", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
setup(
    ext_modules=[Pybind11Extension("thermalsdk._ops", sorted(str(p) for p in Path("cpp_ops").glob("*.cpp")), include_dirs=["cpp_ops"], cxx_std=17, extra_compile_args=FLAGS)],
    cmdclass={"build_ext": build_ext},
)
