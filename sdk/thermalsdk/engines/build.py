"""Building one engine in a process of its own, so that a crash of the builder is an error and not the end."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from thermalsdk import errors
from thermalsdk.engines.request import EngineRequest
from thermalsdk.errors import EngineError

_LOG = logging.getLogger("thermalsdk.tensorrt")
_WORKER = "thermalsdk.engines.worker"
#: Lines of a dead builder's stderr that go into the error.
_LAST_LINES = 3


def build_engine(
    request: EngineRequest,
    model: bytes,
    engine: Path,
    timing_cache: Path,
    progress: Callable[[float], None] | None = None,
    gpu: int = 0,
) -> dict[str, Any]:
    """Build an engine into a file that does not exist yet.

    Args:
        request: what to build.
        model: serialised ONNX graph, weights inside.
        engine: the file; absent again when anything fails.
        timing_cache: kernel times of former builds, kept by flavours that time kernels.
        progress: called with the share that is done, 0 to 1.
        gpu: number of the GPU that it is built on, where there is one.

    Returns tensors, layers, half share and header of the engine, as `compile.Compiled.facts` makes them.

    Raises:
        EngineError: TensorRT refused the graph, built nothing, or crashed.
        PrecisionError: too little of it is in half precision.
        BackendUnavailable: the flavour cannot be imported.
        OutputError: the disk is full or the folder cannot be written.
    """
    order = {"request": request.to_dict(), "engine": str(engine), "timing_cache": str(timing_cache)}
    try:
        return _run_worker(json.dumps(order).encode() + b"\n" + model, request, progress, gpu)
    except BaseException:
        engine.unlink(missing_ok=True)
        raise


def _run_worker(
    order: bytes, request: EngineRequest, progress: Callable[[float], None] | None, gpu: int
) -> dict[str, Any]:
    """Facts of the engine that a worker built. Raises what the worker raised, or EngineError if it died."""
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(gpu),
        ) as process,
    ):
        try:
            _send(process, order)
            last, complaint = _listen(process, progress)
            process.wait()
        except BaseException:
            process.kill()
            raise
        if "facts" in last:
            facts: dict[str, Any] = last["facts"]
            return facts
        if "error" in last:
            name, message, hint = last["error"]
            raise getattr(errors, name)(message + (complaint if name == EngineError.__name__ else ""), hint)
        raise EngineError(
            f"the builder of {request.graph} {_death(process.returncode)}{complaint or _tail(stderr)}",
            "Free memory, or build with another version of TensorRT; nothing was kept.",
        )


def _environment(gpu: int) -> dict[str, str]:
    """Of a worker: it imports what this process imports, wherever that came from, and sees one GPU."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "CUDA_VISIBLE_DEVICES": str(gpu) if shown is None else shown.split(",")[gpu],
    }


def _send(process: subprocess.Popen[bytes], order: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
    try:
        with process.stdin as stdin:
            stdin.write(order)
    except BrokenPipeError:
        pass  # it died at its start; how is told by its return code


def _listen(
    process: subprocess.Popen[bytes], progress: Callable[[float], None] | None
) -> tuple[dict[str, Any], str]:
    """Follow a worker to its end: its last message, and TensorRT's first complaint as a clause or ""."""
    last: dict[str, Any] = {}
    complaint = ""
    assert process.stdout is not None  # noqa: S101 - likewise
    for line in process.stdout:
        if not line.endswith(b"\n"):  # it died while it spoke
            break
        last = json.loads(line)
        if "progress" in last and progress is not None:
            progress(last["progress"])
        elif "log" in last:
            level, text = last["log"]
            _LOG.log(level, "%s", text)
            if level >= logging.ERROR and not complaint:
                complaint = f": {text.splitlines()[0]}"
    return last, complaint


def _death(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _tail(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    lines = stderr.read().decode(errors="replace").strip().splitlines()
    return ": " + " / ".join(lines[-_LAST_LINES:]) if lines else ""
