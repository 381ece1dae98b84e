"""The optional packages of videos and cameras."""

from __future__ import annotations

from typing import Any

from thermalsdk.optional import import_optional

_INSTALL = "pip install 'thermalsdk[video]'"


def import_av() -> Any:
    """PyAV. Raises MissingDependency."""
    return import_optional("av", "PyAV reads and writes videos", _INSTALL)


def import_cv2() -> Any:
    """OpenCV. Raises MissingDependency."""
    return import_optional("cv2", "OpenCV reads cameras and follows motion", _INSTALL)
