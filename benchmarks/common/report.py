"""How a benchmark names its machine and leaves its numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thermalsdk.bench import machine


def leave(report: dict[str, Any], path: Path | None) -> None:
    """Print the numbers beside the machine that made them, and write them to `path` if given."""
    text = json.dumps({"machine": machine(), **report}, indent=2)
    print(text)
    if path:
        path.write_text(text + "\n")
