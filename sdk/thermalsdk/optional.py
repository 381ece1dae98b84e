"""Optional packages, imported where they are used and missed with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any

from thermalsdk.errors import MissingDependency


def import_optional(module: str, purpose: str, hint: str) -> Any:
    """Import `module`.

    Args:
        module: its name.
        purpose: what it does here, which opens the message of the error.
        hint: how to get it.

    Raises MissingDependency.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(f"{purpose}, and it cannot be imported: {error}", hint) from error
