"""A few frames that stand for many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(stems: Sequence[str], count: int) -> list[str]:
    """At most `count` of them, evenly spaced from the first to the last."""
    places = np.linspace(0, len(stems) - 1, min(count, len(stems)))
    return [stems[int(place)] for place in places]
