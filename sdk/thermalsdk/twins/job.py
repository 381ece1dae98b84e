"""A whole data set: what is to be done, what is done already, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.camera import Camera
from thermalsdk.errors import LayoutError, OutputError
from thermalsdk.twins.converter import Converter, Places, Recipe
from thermalsdk.twins.layout import Layout, twin_name
from thermalsdk.twins.resumable import ResumableFolder
from thermalsdk.version import __version__


class TwinJob:
    """Twins of a data set in one folder or two, which are resumed after a kill."""

    def __init__(
        self, source: Path, layout: Layout, recipe: Recipe, out: Path, raw16: Path | None, labels: Path | None
    ) -> None:
        """Check everything, and begin or go on.

        Args:
            source: the data set's folder.
            layout: its pictures and annotations.
            recipe: how a twin is made.
            out: folder of display pictures and annotations.
            raw16: folder of 16-bit temperatures and the same annotations, or None.
            labels: folder of class maps, or None.

        Raises OutputError, LayoutError, BundleError, or VideoError for a picture whose size cannot be read.
        """
        self._layout = layout
        bundle = Bundle.open(recipe.bundle)
        job = {
            "thermalsdk": __version__,
            "source": source.resolve().name,
            "layout": layout.name,
            "bundle": bundle.manifest.name,
            "bundle_hash": bundle.hash,
            "radiometric": bundle.manifest.radiometric,
            "precision": recipe.precision,
            "temperatures": "auto" if recipe.temperatures is None else recipe.temperatures.to_dict(),
            "class_maps": None if labels is None else recipe.label_ids,
            "camera": None if recipe.camera is None else Camera(recipe.camera).hash,
        }
        self._detector = None if recipe.camera is None else recipe.camera.resolution
        if self._detector is not None:
            layout.check_sizes(self._detector)
        finals = [out] if raw16 is None else [out, raw16]
        _refuse_inside(source, finals)
        if labels is not None:
            _check_class_maps(labels, layout)
        display = ResumableFolder(out, {**job, "contents": f"display, {recipe.palette}"})
        kelvin = None if raw16 is None else ResumableFolder(raw16, {**job, "contents": "raw16"})
        self._folders = [folder for folder in (display, kelvin) if folder is not None]
        self._places = Places(  # workers on other machines start in other folders
            source=source.resolve(),
            display=display.path.resolve(),
            raw16=None if kelvin is None else kelvin.path.resolve(),
            labels=None if labels is None else labels.resolve(),
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
        for folder in self._folders:
            self._layout.write_annotations(folder.path, self._detector)
            folder.commit()


def _refuse_inside(source: Path, outputs: list[Path]) -> None:
    places = [source.resolve(), *(output.resolve() for output in outputs)]
    for place in places:
        if any(place == other or other in place.parents for other in places if other is not place):
            raise OutputError(f"{place} lies in another folder of this job", "Name folders side by side.")


def _check_class_maps(labels: Path, layout: Layout) -> None:
    for picture in layout.pictures:
        path = labels / twin_name(picture.as_posix())
        if not path.is_file():
            raise LayoutError(f"there is no class map {path}", "Every picture needs one, a PNG of its name.")
