"""The machine as data: processor, GPU, driver, and the run times that are installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thermalsdk.bench.machine import machine
from thermalsdk.doctor.conflicts import find_conflicts, installed_packages
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.flavours import FLAVOURS, import_flavour, installed_flavours
from thermalsdk.errors import BackendUnavailable

_DRIVER_FILE = Path("/proc/driver/nvidia/version")
_ABSENT = "not installed"


def environment() -> dict[str, Any]:
    """Collect the facts; all of it is JSON. That a provider is listed says nothing about a working GPU."""
    packages = installed_packages()
    return {
        **machine(),
        **_gpu(),
        **{name: _flavour(name) for name in FLAVOURS.values()},
        "pycuda": _version("pycuda"),
        "onnxruntime_build": _onnxruntime_build(),
        "onnxruntime_lists": _onnxruntime_providers(),
        "packages": sorted(
            name for name in packages if re.match(r"onnxruntime|tensorrt|nvidia-|pycuda", name)
        ),
        "conflicts": find_conflicts(packages),
    }


def _gpu() -> dict[str, Any]:
    facts: dict[str, Any] = {"gpus": [], "nvidia_driver": _nvidia_driver(), "cuda": None, "no_gpu": None}
    try:
        driver = CudaDriver()
        facts |= {"gpus": [asdict(gpu) for gpu in driver.gpus()], "cuda": driver.cuda_version}
    except BackendUnavailable as error:
        facts["no_gpu"] = error.message
    return facts


def _nvidia_driver() -> str | None:
    """Version of the kernel's driver; None without one (or on Windows, where no such file exists)."""
    try:
        match = re.search(r"\s(\d+\.\d+(?:\.\d+)?)\s", _DRIVER_FILE.read_text(encoding="utf-8"))
    except OSError:
        return None
    return match[1] if match else None


def _flavour(name: str) -> str:
    """Its version, or why there is none."""
    if name not in installed_flavours():
        return _ABSENT
    try:
        return import_flavour(name).version
    except BackendUnavailable as error:
        return error.message


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return _ABSENT


def _onnxruntime_build() -> str:
    try:
        return str(importlib.import_module("onnxruntime").get_build_info())
    except (ImportError, AttributeError) as error:  # AttributeError: the remains of an uninstalled wheel
        return f"cannot be imported: {error}"


def _onnxruntime_providers() -> list[str]:
    try:
        return list(importlib.import_module("onnxruntime").get_available_providers())
    except (ImportError, AttributeError):
        return []
