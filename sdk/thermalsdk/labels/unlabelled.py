"""A word about ids that stand for no class: the wrong numbering is easily named, and looks plausible."""

from __future__ import annotations

import functools
import logging

import numpy as np
import numpy.typing as npt

from thermalsdk.labels.label_table import VOID_NAME, LabelTable

_LOG = logging.getLogger("thermalsdk")
#: They are looked for in every so many-th row and column.
_STEP = 4
_said: set[tuple[str, str]] = set()


def warn_of_unlabelled(table: LabelTable, ids: npt.NDArray[np.uint8]) -> None:
    """Log which ids of a class map (HxW) the table lacks, or lists as void. Each set is logged once."""
    some = ids[::_STEP, ::_STEP]
    listed = tuple(table.classes)
    void = tuple(key for key, name in table.classes.items() if name == VOID_NAME)
    shown = "background" if table.default == VOID_NAME else table.default
    _warn_of(table, some, ~_is_one_of(listed)[some], "the numbering %r does not list", shown)
    _warn_of(table, some, _is_one_of(void)[some], "carry no class in the numbering %r", "background")


def _warn_of(
    table: LabelTable, ids: npt.NDArray[np.uint8], found: npt.NDArray[np.bool_], what: str, shown: str
) -> None:
    if not found.any():
        return
    values = ", ".join(str(value) for value in np.unique(ids[found]))
    if (table.name, values) in _said:
        return
    _said.add((table.name, values))
    message = f"labels hold the ids %s, which {what}: %.3g %% of the map is taken as %s"
    _LOG.warning(message, values, table.name, 100 * found.mean(), shown)


@functools.lru_cache
def _is_one_of(ids: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    return np.isin(np.arange(256), ids)
