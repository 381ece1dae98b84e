"""Outputs that are complete or absent: written under a temporary name beside the final one, then renamed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from thermalsdk.errors import OutputError

#: What to do about an output that cannot be written.
DISK = "Check the free space and the permissions of the folder."


def check_parent(path: Path) -> None:
    """Raise OutputError where no file or folder of that path can be made."""
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", f"mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} cannot be written", "Choose a folder of your own.")


def with_name(path: Path) -> Path:
    """The path with a name of its own, which "." and ".." are not. Raises OutputError for the root."""
    named = path.absolute() if path.name not in ("", "..") else path.resolve()
    if not named.name:
        raise OutputError(f"{path} is the root of all folders", "Name a file or folder in it.")
    return named


def write_whole(path: Path, save: Callable[[Path], object]) -> None:
    """Write a file with `save`, which gets its temporary path and may raise OSError. Raises OutputError."""
    partial = Partial(path)
    try:
        save(partial.temporary)
        partial.commit()
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error}", DISK) from error
    finally:
        partial.discard()


def replace_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: nobody ever reads a part of it. Raises OSError, leaving nothing behind."""
    temporary = _temporary(path)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(final: Path) -> Path:
    """A hidden name beside the final one, of this process, with the suffix that tells writers the format."""
    return final.with_name(f".{final.stem}.{os.getpid()}.partial{final.suffix}")


def is_temporary(path: Path) -> bool:
    """Whether a file has the name of one in the making."""
    return re.fullmatch(r"\..*\.\d+\.partial(\..*)?", path.name) is not None


class Partial:
    """A file or folder in the making. Write to `temporary`, then call `commit` or `discard`."""

    def __init__(self, final: Path, *, folder: bool = False) -> None:
        """Choose the temporary name, and try that it can be made; a folder is made.

        Raises OutputError when the final place cannot be written, or is a folder that already holds files.
        """
        self.final = final = with_name(final)
        self.temporary = _temporary(final)
        check_parent(final)
        try:
            if folder:
                self._make_folder()
            else:
                self._make_file()
        except OSError as error:
            raise OutputError(f"{final} cannot be written: {error}", DISK) from error

    def _make_folder(self) -> None:
        if self.final.exists() and (not self.final.is_dir() or any(self.final.iterdir())):
            raise OutputError(f"{self.final} already holds files", "Name a new folder, or empty this one.")
        if self.temporary.exists():  # of a killed process of the same number
            shutil.rmtree(self.temporary)
        self.temporary.mkdir()

    def _make_file(self) -> None:
        if self.final.is_dir():
            raise OutputError(
                f"{self.final} is a folder", f"Name a file in it, such as {self.final / 'thermal.mp4'}."
            )
        self.temporary.touch()
        self.temporary.unlink()

    def commit(self) -> None:
        """Give the output its final name, replacing a file of that name."""
        self.temporary.replace(self.final)

    def discard(self) -> None:
        """Remove what was written."""
        if self.temporary.is_dir():
            shutil.rmtree(self.temporary, ignore_errors=True)
        else:
            self.temporary.unlink(missing_ok=True)
