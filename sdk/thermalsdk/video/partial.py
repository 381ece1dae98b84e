"""Outputs that are complete or absent: written under a temporary name beside the final one, then renamed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from thermalsdk.errors import OutputError


class Partial:
    """A file or folder in the making. Write to `temporary`, then call `commit` or `discard`."""

    def __init__(self, final: Path, *, folder: bool = False) -> None:
        """Choose the temporary name, and make the folder if it is one.

        Raises OutputError when the final place cannot be written, or is a folder that already holds files.
        """
        self.final = final
        self.temporary = final.with_name(f".{final.stem}.{os.getpid()}.partial{final.suffix}")
        if not final.parent.is_dir():
            raise OutputError(f"the folder {final.parent} does not exist", f"mkdir -p {final.parent}")
        if not os.access(final.parent, os.W_OK):
            raise OutputError(f"the folder {final.parent} cannot be written", "Choose a folder of your own.")
        if folder:
            self._make_folder()
        elif final.is_dir():
            raise OutputError(f"{final} is a folder", f"Name a file in it, such as {final / 'thermal.mp4'}.")

    def _make_folder(self) -> None:
        if self.final.exists() and (not self.final.is_dir() or any(self.final.iterdir())):
            raise OutputError(f"{self.final} already holds files", "Name a new folder, or empty this one.")
        self.temporary.mkdir(exist_ok=True)

    def commit(self) -> None:
        """Give the output its final name, replacing a file of that name."""
        self.temporary.replace(self.final)

    def discard(self) -> None:
        """Remove what was written."""
        if self.temporary.is_dir():
            shutil.rmtree(self.temporary, ignore_errors=True)
        else:
            self.temporary.unlink(missing_ok=True)
