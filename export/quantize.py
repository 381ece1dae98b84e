"""The segmenter in 8-bit integers: static quantisation, kept only if it scores like its FP32 graph.

It takes half the time on a CPU with VNNI. Encoder and layers stay in FP32: quantised they gain a quarter and
a tenth of their time and are far off (docs/experiments.md, 2026-11-26).
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.graphs import ALIGNMENT, BundleGraphs
from thermalsdk import compositing
from thermalsdk.bundle import Bundle, Manifest, twin_name
from thermalsdk.errors import ThermalSDKError
from thermalsdk.padding import crop, pad
from train.data import Dataset
from train.evaluation.segmentation import Segment, score_segmenter

logger = logging.getLogger(__name__)

#: Frames of each set's training split that the ranges of activations come from.
CALIBRATION_FRAMES = 16
#: A score of the quantised graph over that of the FP32 graph.
LEAST_SHARE = 0.98
SCORES = ("pixel_accuracy", "mean_iou")


class QuantizationError(ThermalSDKError):
    """There is nothing to quantise with, or the quantised graph scores worse than it may."""


def labelled_sets(root: Path) -> list[Dataset]:
    """Prepared sets in the folder `root` whose training and validation frames have labels.

    Raises:
        QuantizationError: there is none.
    """
    sets = [Dataset.open(path.parent) for path in sorted(root.glob("*/dataset.json"))]
    usable = [s for s in sets if all(_has_labels(s, split) for split in ("train", "val"))]
    if not usable:
        raise QuantizationError(
            f"{root} holds no prepared set with labels",
            "Name a folder that `python -m train prepare` filled.",
        )
    return usable


def _has_labels(dataset: Dataset, split: str) -> bool:
    stems = dataset.stems(split)
    return bool(stems) and dataset.sample(stems[0]).labels is not None


def add_int8_segmenter(bundle: Bundle, graphs: BundleGraphs, sets: Sequence[Dataset]) -> Manifest:
    """Write the 8-bit twin of a bundle's segmenter; returns the manifest with the scores of both.

    Raises:
        QuantizationError: a score fell by more than 2 %.
    """
    spec = graphs.segmenter.spec()
    twin = twin_name(spec, "int8")
    scores = quantize_segmenter(bundle.path / spec.file, sets, bundle.path / twin)
    return replace(bundle.manifest, parity=bundle.manifest.parity | {twin: {"scores": scores}})


def quantize_segmenter(model: Path, sets: Sequence[Dataset], out: Path) -> list[dict[str, Any]]:
    """Quantise a segmenter, and compare both on the validation frames that have labels.

    Weights are int8 by output channel, activations uint8; QuantizeLinear and DequantizeLinear hold both.

    Args:
        model: its FP32 graph.
        sets: prepared datasets; their train frames calibrate, their val frames judge.
        out: where the quantised graph goes; absent after an error.

    Returns the scores of both, by set.

    Raises:
        QuantizationError: a score fell by more than 2 %.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folded, quantized = Path(folder) / "folded.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(model, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            quantized,
            _Frames(sets),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        scores = [_compare(dataset, model, quantized) for dataset in sets]
        _refuse_loss(scores)
        out.write_bytes(quantized.read_bytes())
    return scores


class _Frames(CalibrationDataReader):
    """Frames of the training splits, spread over them, as the graph takes them."""

    def __init__(self, sets: Sequence[Dataset]) -> None:
        self._frames = self._spread(sets)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """The next feed, or None."""
        return next(self._frames, None)

    @staticmethod
    def _spread(sets: Sequence[Dataset]) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
        for dataset in sets:
            stems = dataset.stems("train")
            for stem in stems[:: max(1, len(stems) // CALIBRATION_FRAMES)][:CALIBRATION_FRAMES]:
                yield {"rgb": _input(dataset.sample(stem).rgb)}


def _input(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return compositing.planes(pad(rgb, ALIGNMENT))[np.newaxis]


def _segment(model: Path) -> Segment:
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    def segment(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        (logits,) = session.run(None, {"rgb": _input(rgb)})
        return crop(compositing.labels_from_logits(logits[0]), (rgb.shape[0], rgb.shape[1]))

    return segment


def _compare(dataset: Dataset, model: Path, quantized: Path) -> dict[str, Any]:
    results = {
        name: score_segmenter(dataset, _segment(path), "val")
        for name, path in (("fp32", model), ("int8", quantized))
    }
    by_score = {s: {name: round(r[s], 4) for name, r in results.items()} for s in SCORES}
    return {"dataset": dataset.name, **by_score}


def _refuse_loss(scores: list[dict[str, Any]]) -> None:
    for entry in scores:
        for score in SCORES:
            values = entry[score]
            logger.info("segmenter on %s, %s: %s", entry["dataset"], score, values)
            if values["int8"] < LEAST_SHARE * values["fp32"]:
                raise QuantizationError(
                    f"int8 takes the segmenter's {score} on {entry['dataset']} from {values['fp32']:.3f} to "
                    f"{values['int8']:.3f}, more than 2 %",
                    "Leave --int8 out, or calibrate on more sets.",
                )
