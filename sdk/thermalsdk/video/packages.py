"""Optional packages, imported where they are used and missed with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any

from thermalsdk.errors import MissingDependency


def import_av() -> Any:
    """PyAV. Raises MissingDependency."""
    return _import("av", "PyAV reads and writes videos")


def import_cv2() -> Any:
    """OpenCV. Raises MissingDependency."""
    return _import("cv2", "OpenCV reads cameras")


def _import(module: str, purpose: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(f"{purpose}, and it cannot be imported: {error}", _INSTALL) from error


_INSTALL = "pip install 'thermalsdk[video]'"
