"""The packages that training and export need beside the run time."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def required() -> Iterator[None]:
    """End the program with a hint where an import of the block lacks a package."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"the package {error.name} is not installed here\n"
            "Hint: make dev && . .venv/bin/activate installs all that training and export need."
        ) from error
