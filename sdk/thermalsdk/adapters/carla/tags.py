"""Which of CARLA's two numberings of semantic tags a server or client speaks.

0.9.14 renumbered the tags after Cityscapes. Both numberings are label tables of `thermalsdk.labels`, named
"carla" and "carla-0.9.13"; tags.json holds the names of their ids as `carla.CityObjectLabel` has them.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from thermalsdk.errors import LabelTableError, OptionError

#: The first version of the numbering "carla"; the UE5 versions 0.10 have it as well.
_RENUMBERED = (0, 9, 14)
_TAGS = Path(__file__).parent / "tags.json"


def tags_of_version(version: str) -> str:
    """Name of the label table for a version such as `client.get_server_version()`.

    Raises OptionError when it does not begin with three numbers.
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        raise OptionError(
            f"{version!r} is no version of CARLA",
            "Name the table: 'carla' from 0.9.14 on, 'carla-0.9.13' before.",
        )
    return "carla" if tuple(map(int, found.groups())) >= _RENUMBERED else "carla-0.9.13"


def tags_of_library(city_object_label: Any) -> str:
    """Name of the label table whose tags are those of `carla.CityObjectLabel`.

    Raises LabelTableError when a tag has another number in both tables.
    """
    for name, tags in _tags().items():
        if all(getattr(city_object_label, tag, None) == number for tag, number in tags.items()):
            return name
    raise LabelTableError(
        "this carla.CityObjectLabel has neither of the known numberings of semantic tags",
        "Give label_ids a table of your own, mine.json: docs/formats.md#label-tables.",
    )


@functools.lru_cache(maxsize=1)
def _tags() -> dict[str, dict[str, int]]:
    tables: dict[str, dict[str, int]] = json.loads(_TAGS.read_text(encoding="utf-8"))["tags"]
    return tables
