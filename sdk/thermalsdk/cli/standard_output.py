"""Standard output that may be closed, full, or of another encoding than the names of files."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TextIO


@contextmanager
def complete_stdout() -> Iterator[None]:
    """Write everything before the block ends, with an escape for a character that the encoding lacks.

    Raises OSError where stdout does not take it, of which the interpreter says nothing more at its end.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    except BaseException:
        with suppress(OSError):  # what went wrong before matters more
            _flush()
        raise
    _flush()


def _flush() -> None:
    if sys.stdout is None:  # closed before Python began: what is printed goes nowhere
        return
    try:
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def takes_unicode(stream: TextIO | None) -> bool:
    """Whether every character can be written as it is."""
    return stream is None or codecs.lookup(stream.encoding or "ascii").name.startswith("utf")
