"""Frames that graphs are audited and compared on, and what each graph of a bundle is given of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from thermalsdk import Synthesizer, compositing
from thermalsdk.bundle import Bundle, Manifest
from thermalsdk.bundle.manifest import MIN_SIDE
from thermalsdk.labels import STREET_CLASSES, VOID
from thermalsdk.padding import pad
from thermalsdk.reduction import picked, reduced, reduction
from thermalsdk.scenes import StreetScene
from thermalsdk.temperatures.limits import KELVIN_RANGE
from train.data import Dataset, DatasetError, spread

#: Procedural streets by day and at night, with people near by.
SCENES, SCENE_SIZE = (9, 15, 0, 1), (240, 320)
#: Validation frames of each prepared set, spread over it.
FRAMES_PER_SET = 4

#: Arrays by name of a graph's input or output.
Feed = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class CheckFrame:
    """A frame as the networks see it, with all that the layers are told.

    Args:
        rgb: uint8 HxWx3, sides multiples of the alignment.
        labels: uint8 HxW, the bundle's ids.
        thermal_labels: R, float32 HxW in kelvin.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    thermal_labels: npt.NDArray[np.float32]


def check_frames(bundle: Bundle, data: Path | None) -> list[CheckFrame]:
    """Procedural scenes, and validation frames of the prepared sets in the folder `data` if there is one.

    Class maps that a frame lacks, and R, are what the bundle predicts at FP32.

    Raises:
        DatasetError: `data` holds no prepared set with validation frames.
    """
    classes = bundle.manifest.classes
    frames = [*_scenes(classes), *([] if data is None else _validation(data, classes))]
    with Synthesizer.load(bundle.path, device="cpu", precision="fp32", warmup=False) as synth:
        predicted = [synth(rgb, labels=labels) for rgb, labels in frames]
    return [
        _seen(rgb, p.labels, p.thermal_labels, bundle.manifest)
        for (rgb, _), p in zip(frames, predicted, strict=True)
    ]


def _seen(
    rgb: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    thermal_labels: npt.NDArray[np.float32],
    manifest: Manifest,
) -> CheckFrame:
    factor = reduction((rgb.shape[0], rgb.shape[1]), manifest.known_side_pixels)
    alignment = manifest.alignment
    return CheckFrame(
        pad(reduced(rgb, factor), alignment),
        pad(picked(labels, factor), alignment),
        pad(picked(thermal_labels, factor), alignment),
    )


def at_extremes(frame: CheckFrame) -> list[CheckFrame]:
    """The frame as cold and as hot as the SDK lets anybody set it."""
    return [
        replace(frame, thermal_labels=np.full_like(frame.thermal_labels, kelvin)) for kelvin in KELVIN_RANGE
    ]


def feeds(bundle: Bundle, frame: CheckFrame, encoder: bytes | None = None) -> dict[str, Feed]:
    """The inputs of every graph of a bundle for a frame, by file of the FP32 graph.

    Args:
        bundle: with its FP32 graphs.
        frame: the frame.
        encoder: the model that makes the layers' features; None for the bundle's own.
    """
    manifest, graphs = bundle.manifest, bundle.manifest.graphs
    rgb = {"rgb": compositing.planes(frame.rgb)[np.newaxis]}
    names = [tensor.name for tensor in graphs.encoder.outputs]
    model = bundle.model(graphs.encoder) if encoder is None else encoder
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    features = dict(zip(names, session.run(names, rgb), strict=True))
    coding = (manifest.thermal_normalization.offset_kelvin, manifest.thermal_normalization.scale_kelvin)
    found = {graphs.encoder.file: rgb}
    conditions = compositing.conditions(frame.labels, frame.thermal_labels, len(manifest.classes), *coding)
    for name, condition in zip(manifest.classes, conditions, strict=True):
        found[graphs.layers[name].file] = features | {"condition": condition[np.newaxis]}
    if graphs.segmenter is not None:
        found[graphs.segmenter.file] = rgb
    if graphs.labeller is not None:
        fractions = compositing.class_fractions(frame.labels, len(manifest.classes))
        found[graphs.labeller.file] = {
            "rgb_4": compositing.planes_4(frame.rgb)[np.newaxis],
            "class_fractions": fractions[np.newaxis],
        }
    return found


Picture = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]


def _scenes(classes: tuple[str, ...]) -> Iterator[Picture]:
    for seed in SCENES:
        frame = StreetScene(seed, *SCENE_SIZE).render(1.0)
        yield frame.rgb, frame.labels if classes == STREET_CLASSES else None


def _validation(root: Path, classes: tuple[str, ...]) -> list[Picture]:
    sets = [Dataset.open(path.parent) for path in sorted(root.glob("*/dataset.json"))]
    pictures = []
    for dataset in sets:
        for stem in spread(dataset.stems("val"), FRAMES_PER_SET):
            sample = dataset.sample(stem)
            known = sample.labels if dataset.classes == classes else None
            labels = None if known is None else np.where(known == VOID, 0, known).astype(np.uint8)
            if min(sample.rgb.shape[:2]) >= MIN_SIDE:
                pictures.append((sample.rgb, labels))
    if not pictures:
        raise DatasetError(
            f"{root} holds no prepared set with validation frames",
            "Name a folder that `python -m train prepare` filled.",
        )
    return pictures
