"""Code blocks of the documents."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def blocks(document: str, heading: str | None = None) -> list[tuple[str, str]]:
    """Language and text of the code blocks below a heading of the second level, or before the first."""
    sections = (DOCS / document).read_text(encoding="utf-8").split("\n## ")
    section = sections[0] if heading is None else next(s for s in sections if s.startswith(f"{heading}\n"))
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
