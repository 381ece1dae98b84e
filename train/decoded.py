"""Frames of a dataset, decoded once into a file and read from there through a memory map."""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from numpy.typing import NDArray
from tqdm import tqdm

from train.array_file import ArrayFile, is_written, write_arrays
from train.data import Dataset, Sample

logger = logging.getLogger(__name__)

#: What training reads of a frame; the rest of `Sample` stays None.
FIELDS = ("rgb", "thermal_kelvin", "labels", "source_map")
#: Folder beside the datasets that holds their decoded frames; it may be deleted while nothing trains.
FOLDER = ".decoded"


def decode(dataset: Dataset, split: str, refine: Callable[[Sample], Sample]) -> DecodedFrames:
    """Frames of a split as `refine` leaves them; decoded now unless an earlier run did so."""
    stems = dataset.stems(split)
    name = f"{dataset.folder}-{split}-{refine.__name__}"
    fingerprint = dataset.fingerprint(inspect.getsource(inspect.getmodule(refine)))
    path = _folder(dataset.root.parent) / f"{name}-{fingerprint}.bin"
    if not is_written(path):
        logger.info("decoding the frames of %s into %s", dataset.name, path)
        for outdated in path.parent.glob(f"{name}-*"):
            outdated.unlink(missing_ok=True)
        samples = (refine(dataset.sample(stem)) for stem in tqdm(stems, desc=dataset.folder))
        write_arrays(path, (pair for sample in samples for pair in _arrays(sample)))
    return DecodedFrames(dataset, stems, path)


class DecodedFrames(Sequence[Sample]):
    """Samples whose arrays are read-only views of a file."""

    def __init__(self, dataset: Dataset, stems: Sequence[str], path: Path) -> None:
        self.path = path
        self._dataset, self._stems, self._arrays = dataset, stems, ArrayFile(path)

    def __len__(self) -> int:
        return len(self._stems)

    def __getitem__(self, index: int) -> Sample:
        stem = self._stems[index]
        frame = self._dataset.spec.frames[stem]
        arrays = {name: self._arrays.get(f"{stem}/{name}") for name in FIELDS}
        return Sample(
            stem=stem,
            night=frame.night,
            sequence=frame.sequence,
            label_source=frame.label_source,
            instances=None,
            raw_counts=None,
            boxes=None,
            temperatures={},
            **arrays,
        )


def _arrays(sample: Sample) -> Iterator[tuple[str, NDArray]]:
    for name in FIELDS:
        if (array := getattr(sample, name)) is not None:
            yield f"{sample.stem}/{name}", array


def _folder(root: Path) -> Path:
    """Beside the datasets, or in the user's cache where that place is read-only."""
    if os.access(root, os.W_OK):
        return root / FOLDER
    place = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "thermalsdk" / "decoded" / place
