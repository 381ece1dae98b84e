"""Qualitative figure: colour, real thermal and outputs side by side, some frames of day and of night."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk.partial import write_whole
from train.data import Dataset, Sample, spread
from train.evaluation import field
from train.evaluation.baselines import flat_components
from train.evaluation.cells import cell, grey
from train.evaluation.evaluate import Synthesize
from train.evaluation.protocols import Protocol, given_inputs, is_scored


def write_figure(
    path: Path,
    dataset: Dataset,
    synthesizers: Mapping[Protocol, Synthesize],
    *,
    split: str = "val",
    frames_per_time: int = 4,
) -> None:
    """Write one PNG row per chosen frame; the file is complete or absent.

    Grey runs over the real frame's own range, the same for every thermal picture of a row, where levels mean
    something; else each picture over its own range.
    """
    rows = [_row(dataset, stem, synthesizers) for stem in _choose(dataset, split, frames_per_time)]
    write_whole(path, lambda partial: Image.fromarray(np.concatenate(rows)).save(partial, format="PNG"))


def _choose(dataset: Dataset, split: str, count: int) -> list[str]:
    """Frames evenly spaced over the day frames and over the night frames of a split."""
    chosen: list[str] = []
    for night in (False, True):
        stems = [stem for stem in dataset.stems(split) if dataset.is_night(stem) == night]
        chosen += spread(stems, count)
    return chosen


def _row(dataset: Dataset, stem: str, synthesizers: Mapping[Protocol, Synthesize]) -> npt.NDArray[np.uint8]:
    sample = dataset.sample(stem)
    real = field.truth(dataset, sample)
    thermal = {f"real {stem}": real}
    for protocol, synthesize in synthesizers.items():
        thermal[protocol] = _output(dataset, sample, protocol, synthesize)
    if "given" in synthesizers and is_scored(dataset.spec.frames[stem], "given"):
        thermal["R of given"] = field.counts(dataset, flat_components(sample))
    reference = real if field.has_level(dataset) else None
    pictures = [cell("colour", sample.rgb)]
    pictures += [cell(name, grey(values, reference)) for name, values in thermal.items()]
    # A row without R stays as wide as the others.
    columns = 2 + len(synthesizers) + ("given" in synthesizers)
    pictures += [np.zeros_like(pictures[0])] * (columns - len(pictures))
    return np.concatenate(pictures, axis=1)


def _output(
    dataset: Dataset, sample: Sample, protocol: Protocol, synthesize: Synthesize
) -> npt.NDArray[np.float64]:
    if not is_scored(dataset.spec.frames[sample.stem], protocol):
        return np.zeros(sample.rgb.shape[:2])
    kelvin = synthesize(sample, given_inputs(sample) if protocol == "given" else None)
    return field.counts(dataset, kelvin)
