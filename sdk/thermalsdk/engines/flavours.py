"""The packages that build and run engines: TensorRT (10.x and 11.x) and TensorRT for RTX."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from types import ModuleType

from thermalsdk.engines.cuda_driver import Gpu
from thermalsdk.errors import BackendUnavailable, OptionError

#: Import names by the names that options take, the more general one first.
FLAVOURS = {"trt": "tensorrt", "rtx": "tensorrt_rtx"}
_EXTRAS = {"tensorrt": "tensorrt", "tensorrt_rtx": "rtx"}
#: Older ones lack strongly typed networks or `execute_async_v3` as used here.
_OLDEST_MAJOR = {"tensorrt": 10, "tensorrt_rtx": 1}
#: What an engine is called that runs on every GPU of its flavour.
PORTABLE = "portable"
_NOT_IN_FILE_NAMES = re.compile(r"[^\w .-]")


@dataclass(frozen=True)
class Flavour:
    """An installed package.

    Args:
        name: "tensorrt" or "tensorrt_rtx".
        version: of the package, such as "11.4.0.106".
        module: the package.
    """

    name: str
    version: str
    module: ModuleType

    @property
    def tunes(self) -> bool:
        """Whether a build times kernels on the GPU: it needs one, and a timing cache shortens the next."""
        return self.name == "tensorrt"

    def target(self, gpu: Gpu | None) -> str:
        """What an engine is built for, in characters of a file name.

        A compute capability such as "8.9", or "portable"; where kernels were timed, the GPU's name too, as in
        "8.9 NVIDIA L4".

        Raises BackendUnavailable when this flavour cannot build for that GPU, or not without one.
        """
        if gpu is None and self.tunes:
            raise BackendUnavailable(
                "TensorRT builds engines on the GPU that they run on, and there is none here",
                "Run `thermalsdk cache build` or `python -m export --engines-only BUNDLE` on the target.",
            )
        if gpu is None:
            return PORTABLE
        if not self.tunes and not hasattr(self.module.ComputeCapability, _member(gpu.compute_capability)):
            raise BackendUnavailable(
                f"TensorRT for RTX {self.version} does not know {gpu.name}, of compute capability "
                f"{gpu.compute_capability}",
                "pip uninstall tensorrt-rtx, then pip install 'thermalsdk[tensorrt]'.",
            )
        if self.tunes:
            return gpu.compute_capability + " " + _NOT_IN_FILE_NAMES.sub("_", gpu.name)
        return gpu.compute_capability


def _member(compute_capability: str) -> str:
    """Name of a compute capability in TensorRT for RTX: SM89 for "8.9"."""
    return f"SM{compute_capability.replace('.', '')}"


def compute_capability_member(flavour: Flavour, target: str) -> object:
    """TensorRT for RTX's constant for a target that is not portable."""
    return getattr(flavour.module.ComputeCapability, _member(target))


def installed_flavours() -> tuple[str, ...]:
    """Which of them are installed, the more general one first; nothing is imported."""
    return tuple(name for name in FLAVOURS.values() if _is_installed(name))


def _is_installed(package: str) -> bool:
    """Whether Python finds it; a mere folder of that name in the working directory has no origin."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def load_flavour(choice: str = "auto") -> Flavour:
    """Import a flavour.

    Args:
        choice: "trt", "rtx", or "auto" for what is installed, "trt" first.

    Raises:
        OptionError: another choice.
        BackendUnavailable: it is not installed, cannot be imported or is too old.
    """
    if choice not in ("auto", *FLAVOURS):
        raise OptionError(f"{choice!r} is no TensorRT flavour", f"Choose auto, {' or '.join(FLAVOURS)}.")
    names = installed_flavours() if choice == "auto" else (FLAVOURS[choice],)
    if not names:
        raise BackendUnavailable(
            "neither TensorRT nor TensorRT for RTX is installed",
            "pip install 'thermalsdk[tensorrt]', or 'thermalsdk[rtx]' for GeForce and RTX cards.",
        )
    return import_flavour(names[0])


def import_flavour(name: str) -> Flavour:
    """Import one by its import name; raises BackendUnavailable as `load_flavour` does."""
    extra = _EXTRAS[name]
    try:
        module = importlib.import_module(name)
        version = str(module.__version__)
    # Its wheels raise the first three for absent libraries; a mere folder of that name has no version.
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise BackendUnavailable(
            f"{name} cannot be imported: {error}", f"pip install 'thermalsdk[{extra}]'."
        ) from error
    if int(version.partition(".")[0]) < _OLDEST_MAJOR[name]:
        raise BackendUnavailable(
            f"{name} {version} is too old; version {_OLDEST_MAJOR[name]} is the oldest that works",
            f"pip install --upgrade 'thermalsdk[{extra}]'.",
        )
    return Flavour(name, version, module)
