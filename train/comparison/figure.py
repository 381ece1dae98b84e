"""Methods in columns between the colours and the truth, some frames in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thermalsdk.errors import OutputError
from train.data import Dataset
from train.evaluation.cells import cell, grey
from train.evaluation.evaluate import Synthesize
from train.evaluation.protocols import given_inputs

WIDTH = 192


def require_suffix(path: Path) -> None:
    """Raise OutputError unless the file's suffix says a format that can be written."""
    known = Image.registered_extensions()
    if known.get(path.suffix.lower()) not in Image.SAVE:
        raise OutputError(f"{path} names no known format of pictures", "Use .png, .jpg or .webp.")


def write_methods_figure(
    path: Path, dataset: Dataset, synthesizers: Mapping[str, Synthesize], stems: Sequence[str]
) -> None:
    """Write one row per frame in protocol `given`, all thermal pictures on the truth's grey scale.

    The file is complete or absent; its suffix says its format.
    """
    rows = [_row(dataset, stem, synthesizers) for stem in stems]
    temporary = path.with_name(f".{path.name}")
    picture = Image.fromarray(np.concatenate(rows))
    picture.save(temporary, format=Image.registered_extensions()[path.suffix.lower()], quality=85)
    temporary.replace(path)


def _row(dataset: Dataset, stem: str, synthesizers: Mapping[str, Synthesize]) -> NDArray[np.uint8]:
    sample = dataset.sample(stem)
    given = given_inputs(sample)
    made = {name: synthesize(sample, given) for name, synthesize in synthesizers.items()}
    truth = sample.thermal_kelvin
    pictures = [
        cell("colour", sample.rgb, WIDTH),
        cell("R that is given", grey(given.thermal_labels, truth), WIDTH),
    ]
    pictures += [cell(name, grey(kelvin, truth), WIDTH) for name, kelvin in made.items()]
    return np.concatenate([*pictures, cell("truth", grey(truth), WIDTH)], axis=1)
