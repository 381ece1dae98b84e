"""Turns device, backend and precision, each possibly "auto", into one working backend."""

from __future__ import annotations

import logging
import os
import re

from thermalsdk.backends import onnxruntime as ort_backend
from thermalsdk.backends.base import Backend
from thermalsdk.bundle import Bundle
from thermalsdk.errors import BackendUnavailable, OptionError

_LOG = logging.getLogger("thermalsdk")
_BACKENDS = ("auto", "onnxruntime", "tensorrt")
_PRECISIONS = ("auto", "fp32", "fp16")
#: Small convolutions stop scaling here; a caller with more cores can say threads= itself.
_MAX_DEFAULT_THREADS = 8


def choose_backend(
    bundle: Bundle, *, device: str, backend: str, precision: str, threads: int | None
) -> Backend:
    """Backend for a bundle.

    "auto" may choose and logs one line that says why; everything else is obeyed.

    Args:
        bundle: its encoder proves that a GPU really works, its twins decide whether fp16 can be had.
        device: "auto", "cpu", "cuda" or "cuda:N".
        backend: "auto", "onnxruntime" or "tensorrt".
        precision: "auto", "fp32" or "fp16".
        threads: CPU threads of every graph, or None for the cores this process may use (at most 8).

    Raises:
        OptionError: a value outside these lists.
        BackendUnavailable: an explicit request that this machine cannot fulfil.

    """
    _check_options(device, backend, precision, threads)
    if backend == "tensorrt":
        raise BackendUnavailable(
            "the TensorRT backend is not part of this version",
            "Use backend='onnxruntime' (with device='cuda:0' on a GPU) or backend='auto'.",
        )
    if precision == "fp16" and not bundle.has_half:
        raise BackendUnavailable(
            f"precision='fp16' was asked for, but the bundle {bundle.path} holds no half-precision graphs",
            "Write them with `python -m export --fp16`, or use precision='fp32'.",
        )
    ort_backend.check_installation()
    count = threads if threads is not None else min(len(os.sched_getaffinity(0)), _MAX_DEFAULT_THREADS)
    chosen_device, reason = _choose_device(bundle, device, count)
    half = precision == "fp16" or (precision == "auto" and chosen_device != "cpu" and bundle.has_half)
    if "auto" in (device, backend, precision):
        _LOG.info("onnxruntime on %s at %s: %s", chosen_device, "fp16" if half else "fp32", reason)
    return ort_backend.OnnxRuntimeBackend(
        device=chosen_device, precision="fp16" if half else "fp32", threads=count, reason=reason
    )


def _check_options(device: str, backend: str, precision: str, threads: int | None) -> None:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise OptionError(
            f"device={device!r} is unknown", "Choose 'auto', 'cpu' or 'cuda:0' (or another GPU)."
        )
    if backend not in _BACKENDS:
        raise OptionError(f"backend={backend!r} is unknown", f"Choose one of {', '.join(_BACKENDS)}.")
    if precision not in _PRECISIONS:
        raise OptionError(f"precision={precision!r} is unknown", f"Choose one of {', '.join(_PRECISIONS)}.")
    if threads is not None and threads < 1:
        raise OptionError(f"threads={threads!r} is not positive", "Give a number of CPU threads, or None.")


def _choose_device(bundle: Bundle, device: str, threads: int) -> tuple[str, str]:
    """Device to use and why. A provider that is merely listed counts for nothing: the encoder must open."""
    if device == "cpu":
        return "cpu", "asked for"
    if device == "auto" and not ort_backend.lists_cuda():
        return "cpu", "this onnxruntime has no CUDA provider"
    wanted = device if ":" in device else "cuda:0"
    encoder = bundle.manifest.graphs.encoder
    try:
        ort_backend.OnnxRuntimeBackend(wanted, "fp32", threads, "probe").open(
            bundle.model(encoder), encoder, threads
        )
    except BackendUnavailable as error:
        if device != "auto":
            raise
        _LOG.warning("no GPU is used: %s", error.message)
        return "cpu", error.message
    return wanted, "the CUDA provider works" if device == "auto" else "asked for"
