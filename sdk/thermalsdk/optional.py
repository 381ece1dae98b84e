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
        raise_interrupt(error)
        raise MissingDependency(f"{purpose}, and it cannot be imported: {error}", hint) from error


def raise_interrupt(error: BaseException) -> None:
    """Raise the KeyboardInterrupt behind an import that failed, if there is one.

    An extension that Ctrl-C stops says that its initialization failed, as if it were broken.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise cause
        cause = cause.__cause__ or cause.__context__
