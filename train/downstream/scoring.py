"""Average precision of a network's probabilities inside and outside human boxes, on real thermal frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from train.data import Box, Dataset, DatasetError
from train.downstream.corpora import TARGETS, displayed

#: Human box names and the target that should be probable inside.
BOXES = {"person": "person", "car": "vehicle"}
#: Cells are squares of this many pixels a side: the network's own grid.
CELL = 4

#: uint8 HxW -> float32 [targets, ceil(H/CELL), ceil(W/CELL)], probabilities.
Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def score_boxes(dataset: Dataset, predict: Predict, split: str = "val") -> dict[str, dict[str, float]]:
    """Average precision over all cells of the split, {"person": {"day": ..., "night": ...}, "car": ...}.

    A cell is positive if its centre lies in a box of that name. Times of day without boxes are left out.

    Raises:
        DatasetError: no frame of the split has a box.
    """
    cells: dict[tuple[str, str], list[tuple[NDArray[np.bool_], NDArray[np.float32]]]] = {}
    for stem in dataset.stems(split):
        sample = dataset.sample(stem)
        probabilities = predict(displayed(sample.thermal_kelvin))
        time = "night" if sample.night else "day"
        for name, target in BOXES.items():
            plane = probabilities[TARGETS.index(target)]
            boxes = [box for box in sample.boxes or () if box.name == name]
            cells.setdefault((name, time), []).append((covered_cells(boxes, plane.shape), plane))
    scores: dict[str, dict[str, float]] = {name: {} for name in BOXES}
    for (name, time), pairs in cells.items():
        inside = np.concatenate([mask.ravel() for mask, _ in pairs])
        if inside.any():
            plane = np.concatenate([plane.ravel() for _, plane in pairs])
            scores[name][time] = float(average_precision_score(inside, plane))
    if not any(scores.values()):
        raise DatasetError(
            f"{dataset.root} has no boxes of {' or '.join(BOXES)} in {split}",
            "Name a set with human boxes (msrs) with --real.",
        )
    return scores


def covered_cells(boxes: list[Box], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells [rows, columns] whose centre lies in one of the boxes (in pixels)."""
    y = (np.arange(shape[0]) + 0.5) * CELL
    x = (np.arange(shape[1]) + 0.5) * CELL
    covered = np.zeros(shape, bool)
    for box in boxes:
        covered |= ((y >= box.y0) & (y < box.y1))[:, None] & ((x >= box.x0) & (x < box.x1))
    return covered
