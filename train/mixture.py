"""Frames of several datasets, drawn in stated proportions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermalsdk.labels import STREET_CLASSES
from train.data import TRUSTED, Dataset, DatasetError, Sample
from train.decoded import DecodedFrames, decode

logger = logging.getLogger(__name__)

#: What windows are centred on so that it is seen often: people and vehicles are a small part of any frame.
OBJECT_CLASSES = np.array([STREET_CLASSES.index(n) for n in ("person", "car", "bus", "truck", "minibus")])


@dataclass(frozen=True)
class Source:
    """One dataset's share of a mixture."""

    dataset: Dataset
    samples: DecodedFrames
    share: float


def has_labels(sample: Sample) -> bool:
    """Whether a frame has labels that can be trusted."""
    return sample.label_source in TRUSTED


def require_street_classes(dataset: Dataset) -> None:
    """Raise DatasetError for a set whose ids mean other classes than the networks': nothing would show it."""
    if dataset.classes != STREET_CLASSES:
        raise DatasetError(
            f"{dataset.root} has the classes {', '.join(dataset.classes)}, not those of the street bundle",
            f"Write its labels in the ids of {', '.join(STREET_CLASSES)}, as `python -m train prepare` does.",
        )


def open_sets(root: Path, shares: Mapping[str, float], split: str = "train") -> dict[str, Dataset]:
    """The datasets in `root` that have a share, by folder.

    Args:
        shares: by the name of a dataset's folder; absent folders and those with a share of 0 are left out.
        split: that is drawn from.

    Raises:
        DatasetError: none of the datasets is there, or one is damaged, has other classes than the networks,
            or no frames in the split.
    """
    names = [name for name, share in shares.items() if share > 0]
    present = [name for name in names if (root / name / "dataset.json").exists()]
    if not present:
        raise DatasetError(
            f"{root} holds none of the datasets {', '.join(names)}",
            "Make one with `python -m train prepare`, or leave --data out for procedural scenes.",
        )
    datasets = {name: Dataset.open(root / name) for name in present}
    for dataset in datasets.values():
        require_street_classes(dataset)
        if not dataset.stems(split):
            raise DatasetError(
                f"{dataset.root} has no frame in {split}", "Leave it out, or give it the share 0."
            )
    return datasets


def require_labels(datasets: Iterable[Dataset], split: str = "train") -> None:
    """Raise DatasetError when no frame has labels that can be trusted: none could be drawn."""
    datasets = list(datasets)
    if not any(d.spec.frames[stem].label_source in TRUSTED for d in datasets for stem in d.stems(split)):
        raise DatasetError(
            f"no frame of {', '.join(d.name for d in datasets)} has labels",
            "Add a labelled set, or train the segmenter on one first.",
        )


def require_thermal(datasets: Iterable[Dataset]) -> None:
    """Raise DatasetError for a set without thermal pictures."""
    for dataset in datasets:
        if dataset.thermal is None:
            raise DatasetError(
                f"{dataset.root} has no thermal pictures to learn from",
                "Leave it out, or give it the share 0.",
            )


def unchanged(sample: Sample) -> Sample:
    """The sample as it is in the dataset."""
    return sample


class Mixture:
    """Draws training frames: first the source by its share, then a frame of it, uniformly.

    Args:
        root: directory of prepared datasets.
        shares: share of each dataset by its folder's name; absent folders and those of share 0 are left out.
        setting: of the running command that gives shares, for the log.
        split: of each dataset.
        refine: changes each frame once, when it is decoded.

    Raises:
        DatasetError: see `open_sets`.
    """

    def __init__(
        self,
        root: Path,
        shares: dict[str, float],
        setting: str,
        split: str = "train",
        refine: Callable[[Sample], Sample] = unchanged,
    ) -> None:
        datasets = open_sets(root, shares, split)
        others = sorted({path.parent.name for path in root.glob("*/dataset.json")} - set(shares))
        if others:
            logger.info("%s also has %s, not drawn from: name them with %s", root, ", ".join(others), setting)
        absent = sorted(set(shares) - set(datasets))
        if absent:
            logger.info("%s has no %s: trained without", root, ", ".join(absent))
        self.sources = [
            Source(dataset, decode(dataset, split, refine), shares[name])
            for name, dataset in datasets.items()
        ]
        total = sum(source.share for source in self.sources)
        self.probabilities = np.array([source.share / total for source in self.sources])

    @property
    def datasets(self) -> list[Dataset]:
        """Of the sources."""
        return [source.dataset for source in self.sources]

    def draw(self, rng: np.random.Generator) -> tuple[Source, Sample]:
        """One frame and the source that it came from."""
        source = self.sources[rng.choice(len(self.sources), p=self.probabilities)]
        return source, source.samples[rng.integers(len(source.samples))]

    def provenance(self) -> list[dict[str, object]]:
        """What the run was trained on, for its record and the bundle's manifest."""
        return [
            provenance_of(source.dataset, len(source.samples), float(share)) | {"side": _side(source.samples)}
            for source, share in zip(self.sources, self.probabilities, strict=True)
        ]


def provenance_of(dataset: Dataset, frames: int, share: float) -> dict[str, object]:
    """What a run's record says of one set: so many of its frames, and how often they are drawn."""
    return {
        "name": dataset.name,
        "source": dataset.spec.source,
        "licence": dataset.spec.licence,
        "frames": frames,
        "share": round(share, 4),
    }


def _side(samples: DecodedFrames, most: int = 64) -> int:
    """Median of the shorter sides of frames, in pixels; of so many at most, spread over the set."""
    places = np.unique(np.linspace(0, len(samples) - 1, most).astype(int))
    return int(np.median([min(samples[place].rgb.shape[:2]) for place in places]))


def random_pixel_of(
    rng: np.random.Generator, labels: NDArray[np.uint8], classes: NDArray[np.intp]
) -> tuple[int, int] | None:
    """A pixel of one of `classes`, each class equally likely, or None where none is present."""
    present = classes[np.bincount(labels.ravel(), minlength=256)[classes] > 0]
    if not len(present):
        return None
    rows, columns = np.nonzero(labels == rng.choice(present))
    pick = rng.integers(len(rows))
    return int(rows[pick]), int(columns[pick])
