"""A folder that is complete or absent: filled under another name, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thermalsdk.errors import OutputError


@contextmanager
def staged_folder(out: Path, marker: str) -> Iterator[Path]:
    """An empty folder beside `out` that takes its place when the block ends without an error.

    Args:
        out: replaced if it is empty or holds `marker`, the file that says it is of this kind.

    Raises:
        OutputError: `out` holds anything else.
    """
    if out.exists() and any(out.iterdir()) and not (out / marker).exists():
        raise OutputError(
            f"{out} holds something without {marker}", "Name an empty or a new folder with --out."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield stage
        stage.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        stage.rename(out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
