"""TensorRT's messages as log records."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any

#: Severities of TensorRT, by name, as those of `logging`.
_LEVELS = {
    "INTERNAL_ERROR": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "INFO": logging.DEBUG,  # a line for every step of a build
    "VERBOSE": logging.NOTSET,
}


def make_logger(module: ModuleType, write: Callable[[int, str], None]) -> Any:
    """A logger of this TensorRT that calls `write` with a level of `logging` and a text, but not VERBOSE."""

    class Logger(module.ILogger):  # type: ignore[name-defined]
        def __init__(self) -> None:
            module.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            level = _LEVELS[severity.name]
            if level > logging.NOTSET:
                write(level, message)

    return Logger()
