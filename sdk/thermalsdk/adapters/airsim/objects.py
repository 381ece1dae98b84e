"""What the objects of an AirSim environment are and how warm they are, by their names."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from thermalsdk.errors import LabelTableError, OptionError
from thermalsdk.labels import table
from thermalsdk.temperatures import Temperatures

_LOG = logging.getLogger("thermalsdk")
_TABLES = Path(__file__).parent / "tables"
_EVERYTHING = ".*"
#: Object id of everything that no pattern matches.
_BACKGROUND_ID = 0


@dataclass(frozen=True)
class AirSimObject:
    """Objects that share a name, as AirSim's infrared scripts describe them.

    Args:
        pattern: regular expression that AirSim matches with whole names of meshes, ignoring case.
        label: street class that they are drawn as; "background" for whatever else, such as animals.
        kelvin: their mean temperature, or None for that of the class.
    """

    pattern: str
    label: str
    kelvin: float | None = None


class AirSimObjects:
    """Objects of an environment. A later one wins where two patterns match the same name.

    Every object gets an id of its own in the numbering "airsim" (thermalsdk.labels), which says its class;
    the same id is its instance, which has its temperature.

    Raises OptionError for a pattern that is no regular expression, LabelTableError for an unknown class or
    more objects of one class than it has ids.
    """

    def __init__(self, objects: Sequence[AirSimObject]) -> None:
        self.objects = tuple(objects)
        for described in self.objects:
            _check_pattern(described.pattern)
        self.ids: Mapping[int, AirSimObject] = _numbered(self.objects)

    @classmethod
    def preset(cls, name: str) -> AirSimObjects:
        """Shipped objects by name, such as "africa-winter". Raises OptionError, which lists the names."""
        names = sorted(path.stem for path in _TABLES.glob("*.json"))
        if name not in names:
            raise OptionError(f"there are no AirSim objects {name!r}", f"Shipped: {', '.join(names)}.")
        return cls.load(_TABLES / f"{name}.json")

    @classmethod
    def load(cls, path: str | Path) -> AirSimObjects:
        """Read a file of objects. Raises LabelTableError when it cannot be read."""
        try:
            rows = json.loads(Path(path).read_text(encoding="utf-8"))["objects"]
            objects = [AirSimObject(**row) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabelTableError(
                f"cannot read the AirSim objects {path}: {error!r}",
                'A file is JSON: {"objects": [{"pattern": "…", "label": "car", "kelvin": 300}]}.',
            ) from error
        return cls(objects)

    def assign(self, client: Any) -> tuple[str, ...]:
        """Give every mesh of the environment its id: 0 first, then each pattern's.

        client: `airsim.MultirotorClient`, `airsim.CarClient` or `airsim.VehicleClient`.

        Returns the patterns that matched no mesh, which are also logged. Call it again after meshes were
        spawned.
        """
        client.simSetSegmentationObjectID(_EVERYTHING, _BACKGROUND_ID, True)
        absent = [
            described.pattern
            for number, described in self.ids.items()
            if not client.simSetSegmentationObjectID(described.pattern, number, True)
        ]
        for pattern in absent:
            _LOG.warning("AirSim: no mesh has a name like %s", pattern)
        return tuple(absent)

    def temperatures(self, ambient: float, classes: Mapping[str, float] | None = None) -> Temperatures:
        """Their temperatures, for a call with their ids as instances.

        Args:
            ambient: kelvin of what has no temperature of its own or of its class.
            classes: kelvin by street class.

        Raises TemperatureError.
        """
        return Temperatures(ambient=ambient, classes=classes or {}, instances=self._kelvin)

    @cached_property
    def _kelvin(self) -> dict[int, float]:
        return {
            number: described.kelvin for number, described in self.ids.items() if described.kelvin is not None
        }


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise OptionError(
            f"{pattern!r} is no regular expression: {error}",
            r"Write \w*truck\w* for names with truck in them.",
        ) from error


def _numbered(objects: Sequence[AirSimObject]) -> dict[int, AirSimObject]:
    """Objects by id, in their order."""
    airsim = table("airsim")
    free: dict[str, list[int]] = {}
    for number in range(_BACKGROUND_ID + 1, 256):
        free.setdefault(airsim.classes.get(number, airsim.default), []).append(number)
    numbered = {}
    for described in objects:
        if described.label not in free:
            raise LabelTableError(
                f"{described.pattern!r} is a {described.label!r}, which is no class",
                f"Classes are {', '.join(sorted(free))}.",
            )
        if not free[described.label]:
            raise LabelTableError(
                f"{described.pattern!r} is one {described.label} too many for AirSim's 256 ids",
                "Join patterns of the same temperature with |.",
            )
        numbered[free[described.label].pop(0)] = described
    return numbered
