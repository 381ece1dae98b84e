"""The segmenter in 8-bit integers: static quantisation, kept only if it scores like its FP32 graph.

It is written in two forms: ONNX Runtime is fast in one that TensorRT cannot read. On a CPU with VNNI it takes
half the time. Encoder and layers stay in FP32: quantised they gain a quarter and a tenth of their time and
are far off (docs/experiments.md, 2026-11-26).
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.graphs import ALIGNMENT, BundleGraphs
from thermalsdk import compositing
from thermalsdk._ops import sums_int8_exactly
from thermalsdk.bundle import INT8_SYMMETRIC, Bundle, Manifest, twin_name
from thermalsdk.errors import ThermalSDKError
from thermalsdk.padding import crop, pad
from thermalsdk.reduction import reduced, reduction, repeated
from train.data import Dataset, spread
from train.evaluation.segmentation import Segment, score_segmenter

logger = logging.getLogger(__name__)

#: Frames of each set's training split that the ranges of activations come from.
CALIBRATION_FRAMES = 16
#: A score of the quantised graph over that of the FP32 graph.
LEAST_SHARE = 0.98
SCORES = ("pixel_accuracy", "mean_iou")
#: For the manifest: TensorRT's own arithmetic is not what was scored.
SCORED_IN = "ONNX Runtime, CPU"


@dataclass(frozen=True)
class Form:
    """One way to write 8-bit integers with QuantizeLinear and DequantizeLinear; weights are int8, by channel.

    Args:
        precision: its word in a file's name.
        activations: their type.
        symmetric: whether activations have their zero at 0 and biases stay float32, else int32.
        inputs_of: operators whose inputs are quantised, and nothing else; empty for all that can be.
    """

    precision: str
    activations: QuantType
    symmetric: bool
    inputs_of: tuple[str, ...] = ()


#: ONNX Runtime computes a convolution in integers only between integers, with a bias of int32.
FOR_CPUS = Form("int8", QuantType.QUInt8, symmetric=False)
#: TensorRT reads neither another zero nor such a bias, and builds no integers around its convolutions. What
#: leaves one is clipped next: quantised before that, CamVid's pixel accuracy fell from 0.912 to 0.893.
FOR_TENSORRT = Form(INT8_SYMMETRIC, QuantType.QInt8, symmetric=True, inputs_of=("Conv",))
FORMS = (FOR_CPUS, FOR_TENSORRT)


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
    """Write the 8-bit twins of a bundle's segmenter; returns the manifest with the scores of each.

    Raises:
        QuantizationError: a score of either fell by more than 2 %; neither is written.
    """
    spec = graphs.segmenter.spec()
    twins = {form: twin_name(spec, form.precision) for form in FORMS}
    places = {form: bundle.path / twin for form, twin in twins.items()}
    scores = quantize_segmenter(bundle.path / spec.file, sets, places, bundle.manifest.known_side_pixels)
    found = {twins[form]: {"scores": scores[form], "scored_in": SCORED_IN} for form in FORMS}
    return replace(bundle.manifest, parity=bundle.manifest.parity | found)


def quantize_segmenter(
    model: Path, sets: Sequence[Dataset], places: Mapping[Form, Path], known_side: int
) -> dict[Form, list[dict[str, Any]]]:
    """Quantise a segmenter in several forms, and compare each with it on the validation frames with labels.

    Each is scored in ONNX Runtime on the CPU.

    Args:
        model: its FP32 graph.
        sets: prepared datasets; their train frames calibrate, their val frames judge.
        places: where each form goes; all absent after an error.
        known_side: shorter side, in pixels, that larger frames are reduced to, as in the SDK.

    Returns for each form the scores of FP32 and of it, by set.

    Raises:
        QuantizationError: a score fell by more than 2 %.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = [_scores(dataset, model, known_side) for dataset in sets]
        made = {form: Path(folder) / f"{form.precision}.onnx" for form in places}
        found = {}
        for form, quantized in made.items():
            write_form(model, sets, form, quantized, known_side)
            own = [_scores(dataset, quantized, known_side) for dataset in sets]
            found[form] = [_compared(*pair, form) for pair in zip(whole, own, strict=True)]
            _refuse_loss(found[form], form)
        for form, place in places.items():
            shutil.copyfile(made[form], place)
    return found


def write_form(model: Path, sets: Sequence[Dataset], form: Form, out: Path, known_side: int) -> None:
    """Quantise a segmenter into `out`, calibrated on the train frames of `sets`. Nothing is compared."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folded = Path(folder) / "folded.onnx"
        quant_pre_process(model, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            out,
            _Frames(sets, known_side),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=form.activations,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(form.inputs_of) or None,
            extra_options={
                "ActivationSymmetric": form.symmetric,
                "QuantizeBias": not form.symmetric,
                "OpTypesToExcludeOutputQuantization": list(form.inputs_of),
            },
        )


class _Frames(CalibrationDataReader):
    """Frames of the training splits, spread over them, as the graph takes them."""

    def __init__(self, sets: Sequence[Dataset], known_side: int) -> None:
        self._frames = self._feeds(sets, known_side)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """The next feed, or None."""
        return next(self._frames, None)

    @staticmethod
    def _feeds(sets: Sequence[Dataset], known_side: int) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
        for dataset in sets:
            for stem in spread(dataset.stems("train"), CALIBRATION_FRAMES):
                rgb = dataset.sample(stem).rgb
                yield {"rgb": _input(rgb, _factor(rgb, known_side))}


def _factor(rgb: npt.NDArray[np.uint8], known_side: int) -> int:
    return reduction((rgb.shape[0], rgb.shape[1]), known_side)


def _input(rgb: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.float32]:
    return compositing.planes(pad(reduced(rgb, factor), ALIGNMENT))[np.newaxis]


def _segment(model: Path, known_side: int) -> Segment:
    options = ort.SessionOptions()
    if not sums_int8_exactly:
        # Such a CPU adds pairs of products in 16 bits, where they saturate: what the integers would be is
        # computed in float32, as slowly as FP32, and scores like a CPU with VNNI.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def segment(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        factor = _factor(rgb, known_side)
        (logits,) = session.run(None, {"rgb": _input(rgb, factor)})
        labels = repeated(compositing.labels_from_logits(logits[0]), factor)
        return crop(labels, (rgb.shape[0], rgb.shape[1]))

    return segment


def _scores(dataset: Dataset, model: Path, known_side: int) -> dict[str, Any]:
    return score_segmenter(dataset, _segment(model, known_side), "val")


def _compared(whole: Mapping[str, Any], quantized: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Scores of two graphs on one set, by score and precision."""
    by_score = {s: {"fp32": round(whole[s], 4), form.precision: round(quantized[s], 4)} for s in SCORES}
    return {"dataset": whole["dataset"], **by_score}


def _refuse_loss(scores: list[dict[str, Any]], form: Form) -> None:
    for entry in scores:
        for score in SCORES:
            values = entry[score]
            logger.info("segmenter on %s, %s: %s", entry["dataset"], score, values)
            if values[form.precision] < LEAST_SHARE * values["fp32"]:
                raise QuantizationError(
                    f"{form.precision} takes the segmenter's {score} on {entry['dataset']} "
                    f"from {values['fp32']:.3f} to {values[form.precision]:.3f}, more than 2 %",
                    "Leave --int8 out, or calibrate on more sets.",
                )
