"""Tables from the class numbering of a simulator or data set to the street classes.

A table is a JSON file: {"source": where the numbering is defined, "classes": {source id: class name},
"default": class name of every id not listed}. The class name "void" marks ids that carry no label.
AirSim fixes no numbering; the table "airsim" is the one that thermalsdk.adapters.airsim assigns.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import LabelTableError
from thermalsdk.labels.classes import STREET_CLASSES, VOID, stand_in

#: Stands for the bundle's own ids, which need no table.
BUNDLE = "bundle"
_SHIPPED = Path(__file__).parent / "tables"
_SUFFIX = ".json"
#: Name of what carries no label.
VOID_NAME = "void"


@dataclass(frozen=True)
class LabelTable:
    """One source numbering.

    Args:
        name: what errors call it.
        source: where it is defined.
        classes: a street class or "void" by source id, 0 to 255.
        default: likewise of every id that is not listed.

    Raises LabelTableError for other classes or ids.
    """

    name: str
    source: str
    classes: dict[int, str]
    default: str

    def __post_init__(self) -> None:
        known = (*STREET_CLASSES, VOID_NAME)
        unknown = [name for name in (*self.classes.values(), self.default) if name not in known]
        outside = [key for key in self.classes if not (isinstance(key, Integral) and 0 <= key <= 255)]
        problems = []
        if unknown:
            problems.append(f"unknown classes {unknown}")
        if outside:
            problems.append(f"ids outside 0..255 {outside}")
        if problems:
            raise LabelTableError(
                f"label table {self.name!r}: {', '.join(problems)}", f"Classes are {', '.join(known)}."
            )
        object.__setattr__(self, "classes", {int(key): name for key, name in self.classes.items()})

    def lookup(self, classes: Sequence[str]) -> npt.NDArray[np.uint8]:
        """Index table for the class list of one bundle.

        classes: names in painter's order. A street class the bundle lacks becomes its fall-back
        (minibus, bus and truck become car), else background.
        Returns uint8[256]: bundle id of every source id, 255 where the source id carries no label.
        Raises LabelTableError when a class has neither itself nor a fall-back in the bundle.
        """
        index = {name: position for position, name in enumerate(classes)}
        target = [
            self._bundle_id(self.classes.get(source_id, self.default), index) for source_id in range(256)
        ]
        return np.array(target, np.uint8)

    def _bundle_id(self, name: str, index: dict[str, int]) -> int:
        if name == VOID_NAME:
            return VOID
        found = stand_in(name, index)
        if found is None:
            raise LabelTableError(
                f"label table {self.name!r} names the class {name!r}, which the bundle does not have",
                "Use a bundle with a background class, or a table that names only the classes of this "
                "bundle.",
            )
        return index[found]


#: What is taken as `label_ids`: "bundle", a shipped table's name, the path of a .json file, or a table.
LabelIds = str | Path | LabelTable


def open_table(label_ids: LabelIds) -> LabelTable | None:
    """Table of a numbering; None for the bundle's own. Raises LabelTableError."""
    if isinstance(label_ids, LabelTable):
        return label_ids
    if isinstance(label_ids, Path):
        return read_table(label_ids)
    if isinstance(label_ids, str):
        if label_ids == BUNDLE:
            return None
        return read_table(label_ids) if label_ids.lower().endswith(_SUFFIX) else table(label_ids)
    raise LabelTableError(
        f"label_ids is {label_ids!r}", "Name a numbering, such as label_ids='carla', or give a LabelTable."
    )


def read_table(path: str | Path, name: str | None = None) -> LabelTable:
    """Read a label table file. Raises LabelTableError when it cannot be read or says nonsense."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return LabelTable(
            name=name or path.stem,
            source=str(data["source"]),
            classes={int(key): str(value) for key, value in data["classes"].items()},
            default=str(data["default"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelTableError(
            f"cannot read the label table {path}: {error!r}",
            'A table is JSON: {"source": text, "classes": {"source id": "class"}, "default": "class"}.',
        ) from error


def table_names() -> tuple[str, ...]:
    """Names of the shipped tables, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.json")))


def table(name: str) -> LabelTable:
    """A copy of a shipped label table. Raises LabelTableError for a name that is not shipped."""
    return replace(_shipped(name))


@functools.cache
def _shipped(name: str) -> LabelTable:
    if name not in table_names():
        raise LabelTableError(
            f"there is no label table {name!r}",
            f"Shipped: {', '.join(table_names())}. A table of your own: mine.json, docs/formats.md.",
        )
    return read_table(_SHIPPED / f"{name}.json", name)
