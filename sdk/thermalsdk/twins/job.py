"""A whole data set: what is to be done, what is done already, and how it ends."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.camera import Camera
from thermalsdk.errors import LayoutError, OutputError
from thermalsdk.labels import BUNDLE, open_table
from thermalsdk.twins.converter import Converter, Places, Recipe, map_path
from thermalsdk.twins.layout import Layout
from thermalsdk.twins.resumable import ResumableFolder
from thermalsdk.version import __version__


class TwinJob:
    """Twins of a data set in one folder or several, which are resumed after a kill."""

    def __init__(self, places: Places, layout: Layout, recipe: Recipe) -> None:
        """Check everything, and begin or go on.

        Args:
            places: the folders as they shall be in the end.
            layout: pictures and annotations of the source.
            recipe: how a twin is made.

        Raises OutputError, LayoutError, BundleError, OptionError, TemperatureError, or VideoError for a
        picture whose size cannot be read.
        """
        self._layout = layout
        bundle = Bundle.open(recipe.bundle)
        if recipe.processing_resolution is not None:
            bundle = bundle.seen_at(recipe.processing_resolution)
        self._detector = None if recipe.camera is None else recipe.camera.resolution
        if self._detector is not None:
            layout.check_sizes(self._detector)
        _refuse_inside(places)
        if recipe.temperatures is not None:
            named = recipe.instance_names is not None
            recipe.temperatures.check(bundle.manifest.classes, places.instances is not None, named)
        for folder, kind in ((places.labels, "class map"), (places.instances, "instance map")):
            if folder is not None:
                _check_maps(folder, kind, layout)
        job = _record(places, layout, recipe, bundle)
        shown = {"contents": "display", "palette": recipe.palette, "limits": recipe.limits}
        display = ResumableFolder(places.display, {**job, **shown})
        raw16 = _begun(places.raw16, {**job, "contents": "raw16"})
        kept_labels = _begun(places.kept_labels, {**job, "contents": "class maps"})
        self._annotated = [folder for folder in (display, raw16) if folder is not None]
        self._folders = [folder for folder in (*self._annotated, kept_labels) if folder is not None]
        self._places = Places(  # workers on other machines start in other folders
            source=places.source.resolve(),
            display=display.path.resolve(),
            raw16=None if raw16 is None else raw16.path.resolve(),
            kept_labels=None if kept_labels is None else kept_labels.path.resolve(),
            labels=None if places.labels is None else places.labels.resolve(),
            instances=None if places.instances is None else places.instances.resolve(),
        )
        if recipe.bundle not in shipped_bundles():
            recipe = replace(recipe, bundle=str(bundle.path.resolve()))
        self.make_converter = partial(Converter, self._places, recipe)

    @cached_property
    def todo(self) -> list[Path]:
        """Pictures without all of their twins when the job began."""
        return [picture for picture in self._layout.pictures if not self._places.is_done(picture)]

    def finish(self) -> None:
        """Add the annotations and give the folders their names. Raises OutputError or LayoutError."""
        for folder in self._annotated:
            self._layout.write_annotations(folder.path, self._detector)
        for folder in self._folders:
            folder.commit()


def _record(places: Places, layout: Layout, recipe: Recipe, bundle: Bundle) -> dict[str, Any]:
    """Everything that decides what is written, as JSON data."""
    return {
        "thermalsdk": __version__,
        "source": _folder(places.source),
        "layout": layout.name,
        "bundle": bundle.manifest.name,
        "bundle_hash": bundle.hash,
        "radiometric": bundle.manifest.radiometric,
        "backend": recipe.backend,
        "precision": recipe.precision,
        "processing_resolution": bundle.manifest.known_side_pixels,
        "temperatures": "auto" if recipe.temperatures is None else recipe.temperatures.to_dict(),
        "class_maps": None if places.labels is None else f"{_numbering(recipe)}, {_folder(places.labels)}",
        "instance_maps": None if places.instances is None else _folder(places.instances),
        "instance_names": _digest(sorted((recipe.instance_names or {}).items())),
        "camera": None if recipe.camera is None else Camera(recipe.camera).hash,
    }


def _numbering(recipe: Recipe) -> str:
    """Tells tables of one name apart."""
    table = open_table(recipe.label_ids)
    return BUNDLE if table is None else f"{table.name} ({_digest(asdict(table))})"


def _folder(path: Path) -> str:
    """Tells folders of one name apart; twins may be given away, and do not say where they were made."""
    path = path.resolve()
    return f"{path.name} ({_digest(str(path))})"


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12]


def _begun(final: Path | None, job: dict[str, Any]) -> ResumableFolder | None:
    return None if final is None else ResumableFolder(final, job)


def _refuse_inside(places: Places) -> None:
    folders = (places.source, places.display, places.raw16, places.kept_labels)
    resolved = [folder.resolve() for folder in folders if folder is not None]
    for place in resolved:
        if any(place == other or other in place.parents for other in resolved if other is not place):
            raise OutputError(f"{place} lies in another folder of this job", "Name folders side by side.")


def _check_maps(folder: Path, kind: str, layout: Layout) -> None:
    for picture in layout.pictures:
        path = map_path(folder, picture)
        if not path.is_file():
            raise LayoutError(f"there is no {kind} {path}", "Every picture needs one, a PNG of its name.")
