"""RoadScene: aligned colour and thermal pairs of Californian driving, with automatic gain in each frame."""

from pathlib import Path

from thermalsdk.labels import STREET_CLASSES
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.spec import FrameSpec, ThermalSpec, read_json
from train.data.writer import DatasetWriter

#: Gives the train split the median within-frame spread of MSRS train in kelvin (docs/formats.md has the
#: measurement): 0.2 K x 16.424 counts / 60.677 counts.
KELVIN_PER_COUNT = 0.0541
NUMBERING = "cityscapes-train"


def prepare(src: Path, out: Path) -> None:
    """Write `src` (data/roadscene) as a canonical data set to `out`."""
    common.require_folders(src, "rgb", "thermal", "labels_pseudo")
    night = _night(src / "day_night.json")
    writer = DatasetWriter(
        out,
        name="roadscene",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("counts8", 273.15, KELVIN_PER_COUNT, radiometric=False, level="per-frame-gain"),
        source="RoadScene (github.com/hanna-xu/RoadScene) after FLIR ADAS; pseudo labels by a network",
        licence="none stated; FLIR ADAS terms underneath; research use only",
        maps=NUMBERING,
        notes=("pseudo labels of night frames are unusable and marked unreliable",),
    )
    with writer:
        for split, stems in common.read_splits(src).items():
            for stem in stems:
                _add(writer, src, split, stem, night)


def _add(writer: DatasetWriter, src: Path, split: str, stem: str, night: dict[str, bool]) -> None:
    if stem not in night:
        raise DatasetError(
            f"{src / 'day_night.json'} lacks {stem}", 'Add {"name": ..., "night": "0" or "1"}.'
        )
    source_map = common.grey(src / "labels_pseudo" / f"{stem}.png")
    writer.add(
        split,
        stem,
        src / "rgb" / f"{stem}.jpg",
        thermal=common.grey(src / "thermal" / f"{stem}.jpg"),
        labels=common.street_labels(source_map, NUMBERING),
        source_map=source_map,
        frame=FrameSpec(night=night[stem], label_source="unreliable" if night[stem] else "pseudo"),
    )


def _night(path: Path) -> dict[str, bool]:
    data = read_json(path)
    try:
        return {stem: {"0": False, "1": True}[str(entry["night"])] for stem, entry in data.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path} does not give night as 0 or 1: {error!r}", "Restore the source file."
        ) from error
