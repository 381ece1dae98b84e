"""Folders that are complete or absent, whatever stops the export: an error, a full disk, a kill.

A folder is filled under a hidden name beside the final one and takes the final name at the end. What a killed
export leaves has the number of its process in its name; the next export to the same place removes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thermalsdk.errors import OutputError

_PARTIAL, _FORMER = "partial", "former"
#: No space, a quota, a limit on files, no permission, a read-only or broken disk; a place that is in use, on
#: another disk, or where a file is in the way.
_CANNOT_WRITE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.EBUSY,
    errno.EXDEV,
    errno.EEXIST,
    errno.ENOTDIR,
)


@contextmanager
def staged(out: Path, holds: str) -> Iterator[Path]:
    """A folder to fill; it becomes `out` when the block ends, and is removed when the block fails.

    Args:
        out: where the result goes, or a symbolic link to there; a former result stays until the new one is
            complete.
        holds: the file by which a former result is known. Anything else at `out` is kept, and refused.

    Raises:
        OutputError: `out` holds something else, is a mount point, or cannot be written (no space, no
            permission).
    """
    out = out.resolve()
    refuse_mount_point(out)
    if out.exists() and not (out / holds).exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} holds something else than an export", "Name an empty or a new folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_remains(out)
        stage = _hidden(out, _PARTIAL)
        stage.mkdir()
        try:
            yield stage
            _put_in_place(stage, out)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        raise OutputError(
            f"cannot write {out}: {error}", "Free disk space, or name a folder of your own; nothing was left."
        ) from error


def refuse_mount_point(out: Path) -> None:
    """Raise OutputError for a folder that no other can take the place of."""
    if out.is_mount():
        raise OutputError(
            f"{out} is a mount point, and results are renamed into their place", "Name a folder in it."
        )


def _put_in_place(stage: Path, out: Path) -> None:
    """Give `stage` the name `out`. A kill between both renames leaves the former result, hidden and whole."""
    if not out.exists():
        stage.rename(out)
        return
    former = _hidden(out, _FORMER)
    out.rename(former)
    stage.rename(out)
    shutil.rmtree(former, ignore_errors=True)


def _remove_remains(out: Path) -> None:
    """Remove what exports to `out` left that were killed; a former result without a successor comes back."""
    pattern = re.compile(rf"\.{re.escape(out.name)}\.(\d+)\.({_PARTIAL}|{_FORMER})")
    for path in out.parent.iterdir():
        match = pattern.fullmatch(path.name)
        if match is None or _runs(int(match[1])):
            continue
        if match[2] == _FORMER and not out.exists():
            path.rename(out)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _hidden(out: Path, kind: str) -> Path:
    return out.with_name(f".{out.name}.{os.getpid()}.{kind}")


def _runs(process: int) -> bool:
    """Whether a process runs that is not this one."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
