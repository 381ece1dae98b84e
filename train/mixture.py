"""Frames of several datasets, drawn in stated proportions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermalsdk.labels import STREET_CLASSES
from train.data import Dataset, DatasetError, Sample
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
    return sample.labels is not None and sample.label_source != "unreliable"


def unchanged(sample: Sample) -> Sample:
    """The sample as it is in the dataset."""
    return sample


class Mixture:
    """Draws training frames: first the source by its share, then a frame of it, uniformly.

    Args:
        root: directory of prepared datasets.
        shares: share of each dataset by its folder's name; absent folders are left out.
        split: of each dataset.
        refine: changes each frame once, when it is decoded.

    Raises:
        DatasetError: none of the datasets is there.
    """

    def __init__(
        self,
        root: Path,
        shares: dict[str, float],
        split: str = "train",
        refine: Callable[[Sample], Sample] = unchanged,
    ) -> None:
        present = [name for name in shares if (root / name / "dataset.json").exists()]
        others = sorted({path.parent.name for path in root.glob("*/dataset.json")} - set(shares))
        if others:
            logger.info(
                "%s also has %s, not drawn from: give them a share, as --set edge.shares=JSON does",
                root,
                ", ".join(others),
            )
        absent = sorted(set(shares) - set(present))
        if absent and present:
            logger.info("%s has no %s: trained without", root, ", ".join(absent))
        self.sources = [_load(root / name, shares[name], split, refine) for name in present]
        if not self.sources:
            raise DatasetError(
                f"{root} holds none of the datasets {', '.join(shares)}",
                "Make one with `python -m train prepare`, or leave --data out for procedural scenes.",
            )
        total = sum(source.share for source in self.sources)
        self.probabilities = np.array([source.share / total for source in self.sources])

    def require_labels(self) -> None:
        """Raise DatasetError when no frame has labels that can be trusted: none could be drawn."""
        if not any(has_labels(sample) for source in self.sources for sample in source.samples):
            names = ", ".join(source.dataset.name for source in self.sources)
            raise DatasetError(
                f"no frame of {names} has labels", "Add a labelled set, or train the segmenter on one first."
            )

    def draw(self, rng: np.random.Generator) -> tuple[Source, Sample]:
        """One frame and the source that it came from."""
        source = self.sources[rng.choice(len(self.sources), p=self.probabilities)]
        return source, source.samples[rng.integers(len(source.samples))]

    def provenance(self) -> list[dict[str, object]]:
        """What the run was trained on, for its record and the bundle's manifest."""
        return [
            provenance_of(source.dataset, len(source.samples), float(share))
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


def _load(root: Path, share: float, split: str, refine: Callable[[Sample], Sample]) -> Source:
    dataset = Dataset.open(root)
    return Source(dataset, decode(dataset, split, refine), share)


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
