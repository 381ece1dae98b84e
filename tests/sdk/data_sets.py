"""Data sets for the tests of thermal twins, and the processes that convert them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.sdk.conftest import moving_picture


def contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def add(path: Path, content: str | np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        Image.fromarray(content).save(path)


def add_pictures(root: Path, names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        add(root / name, moving_picture(index))


def add_large_pictures(root: Path, count: int) -> None:
    """Pictures in three folders that take a while to convert."""
    for index in range(count):
        add(root / str(index % 3) / f"{index}.jpg", moving_picture(index, 384, 512))


def thermalsdk_command(bundle: Path, *arguments: object) -> list[str]:
    options = ["--bundle", str(bundle), "--device", "cpu", "--threads", "1", "--json"]
    return [sys.executable, "-m", "thermalsdk", *map(str, arguments), *options]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """Processes that a process has started, oldest first."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        if parent == pid:
            found.append(int(entry.name))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [descendant for child in found for descendant in descendants(child)]
