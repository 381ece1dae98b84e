"""One picture after the other becomes its thermal twin. Lives in a worker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from thermalsdk.camera import Camera, CameraConfig
from thermalsdk.formats import Provenance, ThermalImage, write_thermal
from thermalsdk.inputs import named
from thermalsdk.labels import LabelIds
from thermalsdk.partial import write_whole
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.temperatures import Temperatures
from thermalsdk.twins.layout import twin_name
from thermalsdk.video.display_sinks import save_picture
from thermalsdk.video.id_pictures import read_ids, save_ids
from thermalsdk.video.picture_source import read_picture


@dataclass(frozen=True)
class Recipe:
    """How a twin is made.

    Args:
        bundle, device, backend, precision, threads, processing_resolution: as in `Synthesizer.load`.
        palette: colours of the display picture.
        limits: kelvin of the first and the last of them, or None for each picture's own.
        label_ids: numbering of given class maps.
        instance_names: names of the ids of given instance maps, or None.
        temperatures: of every picture, or None to let the bundle predict them.
        camera: what looks at the surfaces, or None for a perfect radiometer.
    """

    bundle: str = "street"
    device: str = "auto"
    backend: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    processing_resolution: int | None = None
    palette: str = "white-hot"
    limits: tuple[float, float] | None = None
    label_ids: LabelIds = "bundle"
    instance_names: Mapping[int, str] | None = None
    temperatures: Temperatures | None = None
    camera: CameraConfig | None = None

    def load(self) -> Synthesizer:
        """Load the synthesizer. Raises as `Synthesizer.load` does."""
        return Synthesizer.load(
            self.bundle,
            device=self.device,
            backend=self.backend,
            precision=self.precision,
            threads=self.threads,
            processing_resolution=self.processing_resolution,
        )


@dataclass(frozen=True)
class Places:
    """The folders of a job; a picture has the same path below each.

    Args:
        source: colour pictures.
        display: display pictures are written here.
        raw16: 16-bit temperatures are written here; None for none.
        kept_labels: class maps as they were used are written here; None for none.
        labels: given class maps, or None to let the bundle make them.
        instances: given instance maps, or None.
    """

    source: Path
    display: Path
    raw16: Path | None = None
    kept_labels: Path | None = None
    labels: Path | None = None
    instances: Path | None = None

    def twins(self, picture: Path) -> list[Path]:
        """Files that a picture is made into."""
        name = twin_name(picture.as_posix())
        roots = (self.display, self.raw16, self.kept_labels)
        return [root / name for root in roots if root is not None]

    def given(self, picture: Path) -> list[Path]:
        """Files that a picture's twins are made of: itself, and its maps."""
        maps = [map_path(root, picture) for root in (self.labels, self.instances) if root is not None]
        return [self.source / picture, *maps]

    def is_done(self, picture: Path) -> bool:
        """Whether all of a picture's twins are there; each is complete or absent."""
        return all(twin.exists() for twin in self.twins(picture))


class Converter:
    """Makes twins with a synthesizer of its own. A context manager that closes it."""

    def __init__(self, places: Places, recipe: Recipe) -> None:
        """Load the synthesizer. Raises as `Synthesizer.load` does."""
        self._places = places
        self._recipe = recipe
        self._synthesizer = recipe.load()
        self._camera = None if recipe.camera is None else Camera(recipe.camera)
        camera_hash = None if self._camera is None else self._camera.hash
        self._provenance = Provenance.of(self._synthesizer.info, camera_hash)

    def __enter__(self) -> Converter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._synthesizer.close()

    def __call__(self, picture: Path) -> None:
        """Make the twins of one picture, unless they are there.

        picture: its path below the source.

        Raises VideoError when it cannot be read, OutputError, and all that a synthesizer raises; InputErrors
        say which files it was.
        """
        if self._places.is_done(picture):
            return
        with named(", ".join(str(path) for path in self._places.given(picture))):
            frame = self._synthesizer(
                read_picture(self._places.source / picture),
                labels=_ids(self._places.labels, picture, "class map"),
                label_ids=self._recipe.label_ids,
                instances=_ids(self._places.instances, picture, "instance map"),
                instance_names=self._recipe.instance_names,
                temperatures=self._recipe.temperatures or "auto",
            )
        if self._camera is not None:
            self._camera.restart(_number(picture))
            frame = self._camera.view(frame)
        for twin in self._places.twins(picture):
            twin.parent.mkdir(parents=True, exist_ok=True)
        name = twin_name(picture.as_posix())
        if self._places.raw16 is not None:
            write_thermal(self._places.raw16 / name, ThermalImage.raw16(frame.raw16, self._provenance))
        if self._places.kept_labels is not None:
            write_whole(self._places.kept_labels / name, lambda path: save_ids(path, frame.labels))
        shown = frame.colorize(self._recipe.palette, self._recipe.limits)
        write_whole(self._places.display / name, lambda path: save_picture(path, shown))


def map_path(folder: Path, picture: Path) -> Path:
    """Class map or instance map of a picture."""
    return folder / twin_name(picture.as_posix())


def _ids(folder: Path | None, picture: Path, kind: str) -> npt.NDArray[np.generic] | None:
    return None if folder is None else read_ids(map_path(folder, picture), kind)


def _number(picture: Path) -> int:
    """Number of a picture by its name alone: its noise does not depend on which worker takes it when."""
    return int.from_bytes(hashlib.sha256(picture.as_posix().encode()).digest()[:8], "big")
