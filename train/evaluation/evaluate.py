"""Evaluates any synthesizer over a split of a prepared set, beside the trivial baselines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from train.data import Dataset, DatasetError, Sample
from train.evaluation import field, frame_scores, hot_targets, metrics, physics_gate, temperature_errors
from train.evaluation.baselines import CLASS_TABLE, CONSTANT, FLAT_COMPONENTS, GREY, Baseline, baselines
from train.evaluation.distribution_scores import MODEL, REAL, FeatureTable
from train.evaluation.features import FeatureNetwork, grey_picture
from train.evaluation.protocols import GivenInputs, Protocol, given_inputs, is_scored

#: From a frame, and the inputs of protocol `given` or None, to its surface temperature in kelvin, HxW.
Synthesize = Callable[[Sample, GivenInputs | None], npt.NDArray[np.floating]]
GAINS = ("psnr", "ssim", "r")
#: Baselines whose pictures are compared as sets; the others peek at the truth of the frame.
COMPARED = (CONSTANT, GREY, CLASS_TABLE)


def evaluate(
    dataset: Dataset,
    synthesize: Synthesize,
    protocol: Protocol,
    *,
    split: str = "val",
    networks: Sequence[FeatureNetwork] = (),
    compared: Sequence[str] = COMPARED,
    progress: Callable[[list[str]], Iterable[str]] = iter,
) -> dict[str, Any]:
    """Score `synthesize` on every frame of a split.

    protocol: "rgb" passes None, "given" the maps and the true component means; frames whose maps are
    unreliable are left out of "given". networks: what to measure the distances of sets with, none by default,
    for it takes minutes; compared: the baselines that are measured with them too. progress wraps the list of
    stems, for a progress bar.
    Returns what docs/formats.md describes under "Evaluation"; all of it is JSON.
    Raises DatasetError for a set without thermal or a split without frames to score.
    """
    if dataset.thermal is None:
        raise DatasetError(
            f"{dataset.root} has no thermal pictures to compare with", "Evaluate on msrs or roadscene."
        )
    stems = scored_stems(dataset, protocol, split)
    rows = baselines(dataset, stems)
    scores: dict[str, list[frame_scores.FrameScore]] = {row.name: [] for row in rows}
    model: list[frame_scores.FrameScore] = []
    contrasts: list[hot_targets.BoxContrast] = []
    errors = temperature_errors.ErrorTable(dataset)
    features = FeatureTable(networks)
    for stem in progress(stems):
        sample = dataset.sample(stem)
        kelvin = synthesize(sample, given_inputs(sample) if protocol == "given" else None)
        _check(sample, kelvin)
        model.append(frame_scores.score_frame(dataset, sample, kelvin))
        contrasts += hot_targets.box_contrasts(
            sample, field.truth(dataset, sample), field.counts(dataset, kelvin)
        )
        errors.add(MODEL, sample, kelvin)
        features.add(REAL, sample.clip, _picture(dataset, field.truth(dataset, sample)))
        features.add(MODEL, sample.clip, _picture(dataset, field.counts(dataset, kelvin)))
        for row in rows:
            predicted = row.predict(sample)
            scores[row.name].append(frame_scores.score_frame(dataset, sample, predicted, row.affine_fit))
            if not row.affine_fit:
                errors.add(row.name, sample, predicted)
            if row.name in compared:
                counts = _baseline_counts(dataset, sample, row, predicted)
                features.add(row.name, sample.clip, _picture(dataset, counts))
    result = _result(dataset, protocol, split, model, scores, contrasts)
    return result | {"errors": errors.summary(), "distances": features.scores()}


def gains(model: Mapping[str, Any], flat: Mapping[str, Any] | None) -> dict[str, Any]:
    """Difference of means, model minus painting R flat, by time of day and measure."""
    return {
        time: {
            name: model[time][name]["value"] - flat[time][name]["value"]
            for name in GAINS
            if name in model[time] and name in flat[time]
        }
        for time in frame_scores.TIMES
        if flat is not None and model[time] is not None and flat[time] is not None
    }


def scored_stems(dataset: Dataset, protocol: Protocol, split: str) -> list[str]:
    """Frames of a split that a protocol scores. Raises DatasetError where there are none."""
    frames = dataset.spec.frames
    stems = [stem for stem in dataset.stems(split) if is_scored(frames[stem], protocol)]
    if not stems:
        raise DatasetError(
            f"{dataset.root}: split {split!r} has no frame for protocol {protocol!r}",
            "Name a split with frames; protocol `given` also needs class maps.",
        )
    return stems


def _check(sample: Sample, kelvin: npt.NDArray[np.floating]) -> None:
    if kelvin.shape != sample.rgb.shape[:2] or not np.isfinite(kelvin).all():
        raise DatasetError(
            f"the output for {sample.stem!r} has the shape {kelvin.shape} or holds NaN",
            f"A synthesizer returns finite kelvin of the shape {sample.rgb.shape[:2]}.",
        )


def _picture(dataset: Dataset, counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return grey_picture(counts, field.has_level(dataset))


def _baseline_counts(
    dataset: Dataset, sample: Sample, row: Baseline, predicted: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    if row.affine_fit:
        return metrics.affine_fit(field.truth(dataset, sample), predicted.astype(np.float64))
    return field.counts(dataset, predicted)


def _result(
    dataset: Dataset,
    protocol: Protocol,
    split: str,
    model: list[frame_scores.FrameScore],
    scores: dict[str, list[frame_scores.FrameScore]],
    contrasts: list[hot_targets.BoxContrast],
) -> dict[str, Any]:
    summary = frame_scores.summarise(model)
    trivial = {name: frame_scores.summarise(rows) for name, rows in scores.items()}
    return {
        "dataset": dataset.folder,
        "split": split,
        "protocol": protocol,
        "level": dataset.thermal.level,
        "radiometric": dataset.thermal.radiometric,
        "frames": len(model),
        "model": summary,
        "baselines": trivial,
        "gain_over_flat": gains(summary, trivial.get(FLAT_COMPONENTS)),
        "hot_targets": hot_targets.summarise(contrasts),
        "physics_gate": physics_gate.gate(summary, trivial.get(CLASS_TABLE)),
        "per_frame": {score.stem: score.measures for score in model},
    }
