"""Files of the cache: whole or absent."""

from __future__ import annotations

import os
from pathlib import Path

FREE_SPACE = "Free some disk space, or name another folder in the environment variable THERMALSDK_CACHE."


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: nobody ever reads a part of it. Raises OSError, leaving nothing behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
