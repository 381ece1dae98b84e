"""Output folders that are complete or absent, and that a second run of the same job finishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thermalsdk.errors import OutputError
from thermalsdk.partial import DISK, check_parent, is_temporary, with_name, write_whole

#: What made the folder; stays in it.
RECORD = "thermalsdk.json"


class ResumableFolder:
    """A folder in the making: `.NAME.partial` beside the final one, kept when the job is killed.

    Attributes:
        final: where the folder will be.
        path: where files go now; `final` if an earlier run has finished the job.
    """

    def __init__(self, final: Path, job: Mapping[str, Any]) -> None:
        """Start the folder, or go on with it.

        Args:
            final: its place.
            job: JSON data of everything that decides what is written.

        Raises OutputError when it cannot be written, or holds files of anything but the same job.
        """
        self.final = with_name(final)
        check_parent(self.final)
        try:
            self._begin(json.loads(json.dumps(job)))  # as it is read again: every key a text
        except OSError as error:
            raise OutputError(f"{final} cannot be written: {error}", DISK) from error

    def _begin(self, job: Mapping[str, Any]) -> None:
        final = self.final
        partial = final.with_name(f".{final.name}.partial")
        self.path = final if (final / RECORD).exists() else partial
        empty = self.path == partial and partial.exists() and _only_begun(partial)
        if (self.path / RECORD).exists() and not empty:
            _check_same(self.path, job)
        elif final.exists() and (not final.is_dir() or any(final.iterdir())):
            raise OutputError(f"{final} already holds files", "Name a new folder, or empty this one.")
        else:
            partial.mkdir(exist_ok=True)
            text = json.dumps(job, indent=1, ensure_ascii=False) + "\n"
            write_whole(partial / RECORD, lambda path: path.write_text(text, encoding="utf-8"))

    def commit(self) -> None:
        """Give the folder its final name, without what killed workers left in it."""
        if self.path == self.final:
            return
        for leftover in filter(is_temporary, list(self.path.rglob(".*"))):
            leftover.unlink()
        self.path.replace(self.final)
        self.path = self.final


def _only_begun(folder: Path) -> bool:
    """Whether a job was begun and made nothing, as one that was refused afterwards."""
    return all(path.name == RECORD for path in folder.iterdir())


def _check_same(folder: Path, job: Mapping[str, Any]) -> None:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder / RECORD} cannot be read: {error}", f"Remove {folder}.") from error
    different = sorted(key for key in {*found, *job} if found.get(key) != job.get(key))
    if different:
        raise OutputError(
            f"{folder} was begun with another {', '.join(different)}",
            "Give the options it was begun with, name a new folder, or remove that one.",
        )
