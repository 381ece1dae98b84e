"""Turns device, backend and precision, each possibly "auto", into one working backend."""

from __future__ import annotations

import logging
import os
import re

from thermalsdk._ops import sums_int8_exactly
from thermalsdk.backends import onnxruntime as ort_backend
from thermalsdk.backends.base import Backend
from thermalsdk.bundle import Bundle
from thermalsdk.errors import BackendUnavailable, OptionError
from thermalsdk.inputs import is_count

_LOG = logging.getLogger("thermalsdk")
_BACKENDS = ("auto", "onnxruntime", "tensorrt")
_PRECISIONS = ("auto", "fp32", "fp16", "int8")
#: Small convolutions stop scaling here; a caller with more cores can say threads= itself.
_MAX_DEFAULT_THREADS = 8


def choose_backend(
    bundle: Bundle, *, device: str, backend: str, precision: str, threads: int | None
) -> Backend:
    """Backend for a bundle.

    "auto" may choose and logs one line that says why; everything else is obeyed.

    Args:
        bundle: its encoder proves that a GPU really works, its twins decide which precisions can be had.
        device: "auto", "cpu", "cuda" or "cuda:N".
        backend: "auto", "onnxruntime" or "tensorrt". "auto" is ONNX Runtime: TensorRT's first load builds
            engines for minutes, which nobody should meet unasked.
        precision: "auto", "fp32", "fp16", or "int8" for the graphs that have such a twin, in ONNX Runtime on
            a CPU, which device "auto" then is, and in TensorRT. "auto" is "fp16" on a GPU and "int8" on a
            CPU, where the bundle offers it and the CPU computes it right.
        threads: CPU threads of every graph, or None for the cores this process may use (at most 8).

    Raises:
        OptionError: a value outside these lists.
        BackendUnavailable: an explicit request that this machine cannot fulfil.

    """
    _check_options(device, backend, precision, threads)
    count = threads if threads is not None else min(len(os.sched_getaffinity(0)), _MAX_DEFAULT_THREADS)
    if backend == "tensorrt":
        from thermalsdk.backends import tensorrt  # with all of the engines, for who asks for it

        return tensorrt.open_backend(bundle, device, precision, count)
    if precision not in ("auto", "fp32") and not bundle.offers(precision):
        raise BackendUnavailable(
            f"precision={precision!r} was asked for, but the bundle {bundle.path} has no graphs of it",
            f"Write them with `python -m export --{precision}`, or use precision='fp32'.",
        )
    ort_backend.check_installation()
    chosen_device, reason = _choose_device(bundle, device, precision, count)
    chosen_precision = _choose_precision(bundle, precision, chosen_device)
    if "auto" in (device, backend, precision):
        _LOG.info("onnxruntime on %s at %s: %s", chosen_device, chosen_precision, reason)
    return ort_backend.OnnxRuntimeBackend(
        bundle, device=chosen_device, precision=chosen_precision, threads=count, reason=reason
    )


def _check_options(device: str, backend: str, precision: str, threads: int | None) -> None:
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise OptionError(
            f"device={device!r} is unknown", "Choose 'auto', 'cpu' or 'cuda:0' (or another GPU)."
        )
    if backend not in _BACKENDS:
        raise OptionError(f"backend={backend!r} is unknown", f"Choose one of {', '.join(_BACKENDS)}.")
    if precision not in _PRECISIONS:
        raise OptionError(f"precision={precision!r} is unknown", f"Choose one of {', '.join(_PRECISIONS)}.")
    if threads is not None and not is_count(threads):
        raise OptionError(f"threads={threads!r} is no number of threads", "Give 1 or more, or None.")


def _choose_precision(bundle: Bundle, precision: str, device: str) -> str:
    if precision == "int8" and not _computes_int8(device):
        raise BackendUnavailable(
            f"precision='int8' was asked for, which {device} does not compute right here",
            "It needs device='cpu' on a CPU with VNNI (AVX-512 VNNI or AVX-VNNI) or an ARM one, or "
            "backend='tensorrt'. Use precision='fp32' elsewhere.",
        )
    if precision != "auto":
        return precision
    fast = "fp16" if device != "cpu" else "int8"
    usable = bundle.offers(fast) and (fast != "int8" or _computes_int8(device))
    return fast if usable else "fp32"


def _computes_int8(device: str) -> bool:
    return device == "cpu" and sums_int8_exactly


def _choose_device(bundle: Bundle, device: str, precision: str, threads: int) -> tuple[str, str]:
    """Device to use and why. A provider that is merely listed counts for nothing: the encoder must open."""
    if device == "cpu":
        return "cpu", "asked for"
    if device == "auto" and precision == "int8":
        return "cpu", "ONNX Runtime computes int8 on CPUs only"
    if device == "auto" and not ort_backend.lists_cuda():
        return "cpu", "this onnxruntime has no CUDA provider"
    wanted = device if ":" in device else "cuda:0"
    try:
        probe = ort_backend.OnnxRuntimeBackend(bundle, wanted, "fp32", threads, "probe")
        probe.open(bundle.manifest.graphs.encoder, threads)
    except BackendUnavailable as error:
        if device != "auto":
            raise
        _LOG.warning("no GPU is used: %s", error.message)
        return "cpu", error.message
    return wanted, "the CUDA provider works" if device == "auto" else "asked for"
