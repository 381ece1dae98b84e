"""Builds the native module `thermalsdk._ops`; everything else about the package is in pyproject.toml."""

from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup

setup(
    ext_modules=[Pybind11Extension("thermalsdk._ops", ["cpp_ops/module.cpp"], cxx_std=17)],
    cmdclass={"build_ext": build_ext},
)
