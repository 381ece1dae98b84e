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
from thermalsdk.errors import EngineError, PrecisionError

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
) -> dict[str, Any]:
    """Build an engine into a file that does not exist yet.

    Args:
        request: what to build.
        model: serialised ONNX graph, weights inside.
        engine: the file; absent again when anything fails.
        timing_cache: kernel times of former builds, kept by flavours that time kernels.
        progress: called with the share that is done, 0 to 1.

    Returns tensors, layers, half share and header of the engine, as `compile.Compiled.facts` makes them.

    Raises:
        EngineError: TensorRT refused the graph, built nothing, or crashed.
        PrecisionError: too little of it is in half precision.
        BackendUnavailable: the flavour cannot be imported.
        OutputError: the disk is full or the folder cannot be written.
    """
    order = {"request": request.to_dict(), "engine": str(engine), "timing_cache": str(timing_cache)}
    try:
        facts = _run_worker(json.dumps(order).encode() + b"\n" + model, request, progress)
        check_half_share(request, facts["half_share"])
    except BaseException:
        engine.unlink(missing_ok=True)
        raise
    return facts


def check_half_share(request: EngineRequest, share: dict[str, Any]) -> None:
    """Raise PrecisionError when either share is known and below what the request needs."""
    for kind in ("declared", "verified"):
        found = share[kind]
        if found is not None and found < request.least_half_share:
            raise PrecisionError(
                f"only {found:.1%} of the multiply-accumulates of {request.graph} are in half precision "
                f"({kind}), {request.least_half_share:.0%} were asked for; the engine is deleted",
                "Write the half graphs again with `python -m export --fp16`, or use precision='fp32'.",
            )


def _run_worker(
    order: bytes, request: EngineRequest, progress: Callable[[float], None] | None
) -> dict[str, Any]:
    """Facts of the engine that a worker built. Raises what the worker raised, or EngineError if it died."""
    # It imports what this process imports, wherever that came from.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment,
        ) as process,
    ):
        try:
            _send(process, order)
            last, refusal = _listen(process, progress)
            process.wait()
        except BaseException:
            process.kill()
            raise
        if "facts" in last:
            facts: dict[str, Any] = last["facts"]
            return facts
        if "error" in last:
            name, message, hint = last["error"]
            raise getattr(errors, name)(f"{message}{refusal}", hint)
        raise EngineError(
            f"the builder of {request.graph} {_death(process.returncode)}{refusal or _tail(complaints)}",
            "Free memory, or build with another version of TensorRT; nothing was kept.",
        )


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
    """Follow a worker to its end: its last message, and TensorRT's last complaint as a clause or ""."""
    last: dict[str, Any] = {}
    refusal = ""
    assert process.stdout is not None  # noqa: S101 - likewise
    for line in process.stdout:
        last = json.loads(line)
        if "progress" in last and progress is not None:
            progress(last["progress"])
        elif "log" in last:
            level, text = last["log"]
            _LOG.log(level, "%s", text)
            refusal = f": {text}" if level >= logging.ERROR else refusal
    return last, refusal


def _death(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _tail(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    return ": " + " / ".join(lines[-_LAST_LINES:]) if lines else ""
