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
def staged(out: Path, holds: str, watched: Path | None = None) -> Iterator[Path]:
    """A folder to fill; it becomes `out` when the block ends, and is removed when the block fails.

    Args:
        out: where the result goes, or a symbolic link to there; a former result stays until the new one is
            complete.
        holds: the file by which a former result is known. Anything else at `out` is kept, and refused.
        watched: a folder around `out` in which others would take a hidden folder for a result; hidden ones
            are beside it then.

    Raises:
        OutputError: `out` holds something else, it or `watched` is a mount point, or it cannot be written (no
            space, no permission).
    """
    out, hidden = out.resolve(), _hidden_name(out, watched)
    for folder in (out, watched or out):
        refuse_mount_point(folder)
    if out.exists() and not (out / holds).exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} holds something else than an export", "Name an empty or a new folder.")
    with _disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_remains(out, hidden)
        stage = _of_this_process(hidden, _PARTIAL)
        stage.mkdir()
        try:
            yield stage
            _put_in_place(stage, out, _of_this_process(hidden, _FORMER))
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def remove(out: Path, holds: str, watched: Path) -> None:
    """Remove a former result if there is one, in one step for who watches. The rest is as in `staged`."""
    out, hidden = out.resolve(), _hidden_name(out, watched)
    if not (out / holds).exists():
        return
    with _disk_errors(out):
        _remove_remains(out, hidden)
        removed = _of_this_process(hidden, _PARTIAL)
        out.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)


@contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        raise OutputError(
            f"cannot write {out}: {error}", "Free disk space, or name a folder of your own; nothing was left."
        ) from error


def refuse_mount_point(out: Path) -> None:
    """Raise OutputError for a folder that no other can take the place of."""
    if out.resolve().is_mount():
        raise OutputError(
            f"{out} is a mount point, and results are renamed into their place", "Name a folder in it."
        )


def _put_in_place(stage: Path, out: Path, former: Path) -> None:
    """Give `stage` the name `out`. A kill between both renames leaves the former result, hidden and whole."""
    if not out.exists():
        stage.rename(out)
        return
    out.rename(former)
    stage.rename(out)
    shutil.rmtree(former, ignore_errors=True)


def _remove_remains(out: Path, hidden: Path) -> None:
    """Remove what exports to `out` left that were killed; a former result without a successor comes back."""
    pattern = re.compile(rf"\.{re.escape(hidden.name)}\.(\d+)\.({_PARTIAL}|{_FORMER})")
    for path in hidden.parent.iterdir():
        match = pattern.fullmatch(path.name)
        if match is None or _runs(int(match[1])):
            continue
        if match[2] == _FORMER and not out.exists():
            path.rename(out)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _hidden_name(out: Path, watched: Path | None) -> Path:
    """Where the hidden folders of an export lie, and what their names hold."""
    if watched is None:
        return out.resolve()
    watched = watched.resolve()
    return watched.with_name(f"{watched.name}~{out.name}")


def _of_this_process(hidden: Path, kind: str) -> Path:
    return hidden.with_name(f".{hidden.name}.{os.getpid()}.{kind}")


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
