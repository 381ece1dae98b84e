"""A word about ids that a numbering does not list: the wrong one is easily named, and looks plausible."""

from __future__ import annotations

import functools
import logging

import numpy as np
import numpy.typing as npt

from thermalsdk.labels.label_table import LabelTable

_LOG = logging.getLogger("thermalsdk")
#: They are looked for in every so many-th row and column.
_STEP = 4
_said: set[tuple[str, str]] = set()


def warn_of_unlisted(table: LabelTable, ids: npt.NDArray[np.uint8]) -> None:
    """Log which ids of a class map (HxW) are in no class of the table. Each set of them is logged once."""
    some = ids[::_STEP, ::_STEP]
    unlisted = _unlisted(tuple(table.classes))[some]
    if not unlisted.any():
        return
    found = ", ".join(str(value) for value in np.unique(some[unlisted]))
    if (table.name, found) in _said:
        return
    _said.add((table.name, found))
    _LOG.warning(
        "labels hold the ids %s, which the numbering %r does not list: %.0f %% of the map is taken as %s",
        found,
        table.name,
        100 * unlisted.mean(),
        table.default,
    )


@functools.lru_cache
def _unlisted(listed: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    return np.isin(np.arange(256), listed, invert=True)
