"""The process that builds one engine: `python -m thermalsdk.engines.worker`, started by `build`.

It reads a request (one line of JSON) and the ONNX graph from stdin, writes the engine to the file that the
request names, and says on stdout how it goes, one JSON object a line: {"progress": share}, {"log": [level,
text]}, and at the end {"facts": {...}} or {"error": [class, message, hint]}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thermalsdk.engines.cache import FREE_SPACE
from thermalsdk.engines.compile import compile_engine
from thermalsdk.engines.flavours import import_flavour
from thermalsdk.engines.monitor import Progress, make_monitor
from thermalsdk.engines.request import EngineRequest
from thermalsdk.engines.tensorrt_log import make_logger
from thermalsdk.errors import OutputError, ThermalSDKError
from thermalsdk.partial import replace_whole

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Build what stdin asks for."""
    parent = os.getppid()
    say = _claim_stdout()
    order = json.loads(sys.stdin.buffer.readline())
    model = sys.stdin.buffer.read()
    try:
        say({"facts": _build(order, model, say, lambda: os.getppid() == parent)})
    except ThermalSDKError as error:
        say({"error": [type(error).__name__, error.message, error.hint]})
    except OSError as error:
        say({"error": [OutputError.__name__, f"cannot write an engine: {error}", FREE_SPACE]})


def _claim_stdout() -> Say:
    """Keep stdout for messages; what native code prints goes to stderr."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        stream.write(json.dumps(message) + "\n")
        stream.flush()

    return say


def _build(order: dict[str, Any], model: bytes, say: Say, has_parent: Callable[[], bool]) -> dict[str, Any]:
    request = EngineRequest.from_dict(order["request"])
    flavour = import_flavour(request.flavour)
    timing_file = Path(order["timing_cache"])
    compiled = compile_engine(
        flavour,
        request,
        model,
        logger=make_logger(flavour.module, lambda level, text: say({"log": [level, text]})),
        monitor=make_monitor(flavour.module, Progress(lambda share: say({"progress": share})), has_parent),
        timing=timing_file.read_bytes() if timing_file.exists() else b"",
        on_timing=lambda content: replace_whole(timing_file, content),
    )
    with Path(order["engine"]).open("wb") as file:
        file.write(compiled.plan)
        os.fsync(file.fileno())
    return compiled.facts()


if __name__ == "__main__":
    main()
