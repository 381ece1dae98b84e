"""The temperatures that a caller sets, and the thermal segmentation R made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.errors import TemperatureError
from thermalsdk.temperatures.limits import check_emissivity, check_instance, check_kelvin
from thermalsdk.temperatures.scene_prior import ScenePrior
from thermalsdk.temperatures.surfaces import Surfaces, by_id


@dataclass(frozen=True)
class Temperatures:
    """Mean temperature, in kelvin, of whatever is in the frame.

    An entry of `instances` goes before one of `classes`, that before what `prior` makes of the weather, and
    that before `ambient`. Every call takes its own: nothing is loaded again when they change. Mappings are
    copied: `changed` makes other temperatures out of these.

    Args:
        ambient: temperature of the air, and of every class that neither `classes` nor `prior` names.
        classes: temperature by class name of the bundle.
        instances: temperature by id of the frame's instance map, or by a regular expression that matches the
            whole of an object's name; ids and names that are not in the frame are ignored. An id goes before
            a name, and a name before those that follow it.
        emissivity: emissivity by class name, for `frame.apparent`; a class without one is black.
        reflected: kelvin of a black body that shines like what a class mirrors; without it, the ambient.
        prior: the weather, which fills what is left out of `classes`, `emissivity` and `reflected`.

    Raises TemperatureError for a temperature outside 150 to 2000 K, an emissivity that is none, and an
    instance that is neither id nor regular expression.
    """

    ambient: float
    classes: Mapping[str, float] = field(default_factory=dict)
    instances: Mapping[Any, float] = field(default_factory=dict)
    emissivity: Mapping[str, float] = field(default_factory=dict)
    reflected: Mapping[str, float] = field(default_factory=dict)
    prior: ScenePrior | None = None

    def __post_init__(self) -> None:
        for name in ("classes", "instances", "emissivity", "reflected"):
            object.__setattr__(self, name, _copied(name, getattr(self, name)))
        check_kelvin("ambient is", self.ambient)
        for name, kelvin in self.classes.items():
            check_kelvin(f"class {name!r} is", kelvin)
        for key, kelvin in self.instances.items():
            check_instance(key)
            check_kelvin(f"instance {key!r} is", kelvin)
        for name, emissivity in self.emissivity.items():
            check_emissivity(name, emissivity)
        for name, kelvin in self.reflected.items():
            check_kelvin(f"what {name!r} reflects is", kelvin)
        if self.prior is not None and not isinstance(self.prior, ScenePrior):
            raise TemperatureError(f"prior is {self.prior!r}", "Give ScenePrior(sun=800.0, cloud=0.2).")

    @classmethod
    def preset(cls, name: str) -> Temperatures:
        """Temperatures of a typical scene by name. Raises TemperatureError, which lists the names."""
        from thermalsdk.temperatures.files import read_preset

        return replace(read_preset(name))

    @classmethod
    def load(cls, path: str | Path) -> Temperatures:
        """Read a .yaml or .json file. Raises TemperatureError naming the field that cannot be used."""
        from thermalsdk.temperatures.files import read_temperatures

        return read_temperatures(Path(path))

    def save(self, path: str | Path) -> None:
        """Write a .yaml or .json file, in kelvin. Raises TemperatureError or OutputError."""
        from thermalsdk.temperatures.files import write_temperatures

        write_temperatures(self, Path(path))

    def changed(
        self,
        *,
        ambient: float | None = None,
        classes: Mapping[str, float] | None = None,
        instances: Mapping[Any, float] | None = None,
    ) -> Temperatures:
        """Copy with another ambient temperature, or with further or other entries."""
        return replace(
            self,
            ambient=self.ambient if ambient is None else ambient,
            classes={**self.classes, **(classes or {})},
            instances={**self.instances, **(instances or {})},
        )

    def check(self, classes: Sequence[str], has_instances: bool, has_names: bool = False) -> None:
        """Raise TemperatureError when they do not fit a bundle's classes, or need instances or names."""
        for named in (self.classes, self.emissivity, self.reflected):
            unknown = [name for name in named if name not in classes]
            if unknown:
                raise TemperatureError(
                    f"temperatures name the class {unknown[0]!r}, which the bundle does not have",
                    f"Its classes are {', '.join(classes)}.",
                )
        if self.instances and not has_instances:
            raise TemperatureError(
                "temperatures per instance were given without an instance map",
                "Pass instances=, a uint16 map of HxW that holds these ids; on the command line --instances.",
            )
        by_name = [key for key in self.instances if isinstance(key, str)]
        if by_name and not has_names:
            raise TemperatureError(
                f"temperatures name the instance {by_name[0]!r}, but the instances have no names",
                "Pass instance_names={7: 'BP_Truck_7'}, the name of every id; the command reads names.json "
                "in the folder of --instances.",
            )

    def resolved(self, names: Mapping[int, str]) -> Temperatures:
        """The same with ids in place of names.

        names: the name of every id of the instance map that has one.
        """
        patterns = [(key, kelvin) for key, kelvin in self.instances.items() if isinstance(key, str)]
        if not patterns:
            return self
        instances: dict[Any, float] = {}
        for number, name in names.items():
            matching = [kelvin for pattern, kelvin in patterns if re.fullmatch(pattern, name)]
            if matching:
                instances[number] = matching[0]
        instances |= {key: kelvin for key, kelvin in self.instances.items() if not isinstance(key, str)}
        return replace(self, instances=instances)

    def of_class(self, name: str) -> float:
        """Kelvin of a class: as set, else by the prior, else the ambient."""
        if name in self.classes:
            return self.classes[name]
        return self.ambient if self.prior is None else self.prior.kelvin(name, self.ambient)

    def thermal_labels(
        self,
        labels: npt.NDArray[np.uint8],
        instances: npt.NDArray[np.uint16] | None,
        classes: Sequence[str],
    ) -> npt.NDArray[np.float32]:
        """Thermal segmentation R. Instances are ids here: see `resolved`.

        Args:
            labels: class map HxW in ids of `classes`.
            instances: instance map HxW, or None.
            classes: the bundle's classes in painter's order.

        Returns float32 HxW in kelvin.
        """
        by_class = np.array([self.of_class(name) for name in classes], np.float32)
        thermal_labels = compositing.take(labels, by_id(by_class))
        if instances is not None and self.instances:
            by_instance = np.full(65536, np.nan, np.float32)
            ids = [key for key in self.instances if not isinstance(key, str)]
            by_instance[ids] = [self.instances[key] for key in ids]
            of_instance = by_instance[instances]
            np.copyto(thermal_labels, of_instance, where=~np.isnan(of_instance))
        return thermal_labels

    def surfaces(self, classes: Sequence[str]) -> Surfaces | None:
        """Emissivity and reflections of a bundle's classes, or None where all of them are black."""
        if not self.emissivity and self.prior is None:
            return None
        return Surfaces(
            np.array([self._emissivity_of(name) for name in classes], np.float32),
            np.array([self._reflected_by(name) for name in classes], np.float32),
        )

    def to_dict(self) -> dict[str, Any]:
        """Make JSON data of them, in kelvin."""
        from thermalsdk.temperatures.files import to_data

        return to_data(self)

    def _emissivity_of(self, name: str) -> float:
        if name in self.emissivity:
            return self.emissivity[name]
        return 1.0 if self.prior is None else self.prior.emissivity(name)

    def _reflected_by(self, name: str) -> float:
        if name in self.reflected:
            return self.reflected[name]
        return self.ambient if self.prior is None else self.prior.reflected(name, self.ambient)


def _copied(name: str, values: Any) -> dict[Any, Any]:
    """A caller who changes the mapping later means other temperatures: these compare as they were."""
    if not isinstance(values, Mapping):
        raise TemperatureError(f"{name} is {values!r}", "Give a mapping of names to numbers.")
    return dict(values)
