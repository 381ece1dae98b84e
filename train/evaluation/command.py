"""Score an exported bundle on prepared sets, beside the trivial baselines.

`python -m train evaluate --bundle DIR --data DIR --out DIR` runs the bundle through the
SDK on the validation frames of each set, in protocol `given` and in protocol `rgb`. A set without thermal
pictures (camvid) scores the bundle's segmenter.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from thermalsdk import Synthesizer
from thermalsdk.labels import stand_in
from thermalsdk.partial import write_whole
from train.data import Dataset, DatasetError, Sample
from train.data.spec import SPLITS
from train.evaluation.evaluate import Synthesize, evaluate, scored_stems
from train.evaluation.features import FeatureNetwork, LiteFeatures
from train.evaluation.figure import write_figure
from train.evaluation.inception import InceptionFeatures
from train.evaluation.protocols import PROTOCOLS, GivenInputs, Protocol, is_scored
from train.evaluation.report import markdown
from train.evaluation.segmentation import Segment, score_segmenter, segmentation_markdown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--bundle", default="street", help="shipped name or bundle folder (default: %(default)s)"
    )
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of prepared sets")
    parser.add_argument("--sets", nargs="+", default=["msrs", "roadscene"], help="folders in DATA to score")
    parser.add_argument("--split", choices=SPLITS, default="val")
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"), help="folder for the report")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all")
    parser.add_argument(
        "--inception-weights",
        type=Path,
        metavar="FILE",
        help="pt_inception-2015-12-05-6726825d.pth: distances by Inception-v3 too, which takes much longer",
    )


def main(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments: writes evaluation.json, evaluation.md and a figure per set."""
    datasets = [Dataset.open(args.data / name) for name in args.sets]
    for dataset in datasets:
        _require_frames(dataset, args.protocols, args.split)
    networks = _feature_networks(args.inception_weights)
    args.out.mkdir(parents=True, exist_ok=True)
    results: list[dict] = []
    segmentations: list[dict] = []
    with Synthesizer.load(args.bundle, threads=args.threads) as synth:
        for dataset in datasets:
            if dataset.thermal is None:
                segment = bundle_segmenter(synth, dataset)
                bar = _progress(f"{dataset.folder} segmenter")
                segmentations.append(score_segmenter(dataset, segment, args.split, bar))
                continue
            synthesizers = _synthesizers(synth, dataset, args.protocols, args.split)
            for protocol, synthesize in synthesizers.items():
                bar = _progress(f"{dataset.folder} {protocol}")
                results.append(
                    evaluate(dataset, synthesize, protocol, split=args.split, networks=networks, progress=bar)
                )
            write_figure(args.out / f"{dataset.folder}.png", dataset, synthesizers, split=args.split)
    _write(args.out / "evaluation.json", json.dumps(results + segmentations, indent=1) + "\n")
    sections = ([markdown(results)] if results else []) + [segmentation_markdown(s) for s in segmentations]
    report = "\n".join(sections)
    _write(args.out / "evaluation.md", report)
    print(report)
    return 0


def bundle_synthesizer(synth: Synthesizer, dataset: Dataset) -> Synthesize:
    """Wrap a loaded bundle for `evaluate`; class ids of the set are turned into the bundle's by name."""
    lookup = _class_lookup(dataset, synth.info.classes)

    def synthesize(sample: Sample, given: GivenInputs | None) -> npt.NDArray[np.floating]:
        if given is None:
            return synth(sample.rgb).kelvin
        return synth(
            sample.rgb,
            labels=lookup[given.labels],
            instances=given.instances,
            thermal_labels=given.thermal_labels,
        ).kelvin

    return synthesize


def bundle_segmenter(synth: Synthesizer, dataset: Dataset) -> Segment:
    """Wrap a loaded bundle's segmenter; class ids of the bundle are turned into the set's by name.

    A class that the set lacks becomes its fall-back of `thermalsdk.labels`, else background.

    Raises:
        DatasetError: the set has none of them.
    """
    ids = {name: number for number, name in enumerate(dataset.classes)}

    def id_of(name: str) -> int:
        found = stand_in(name, ids)
        if found is None:
            raise DatasetError(
                f"{dataset.root} lacks the bundle's class {name}, and background to take its place",
                f"Prepare it with the bundle's classes: {', '.join(synth.info.classes)}.",
            )
        return ids[found]

    lookup = np.array([id_of(name) for name in synth.info.classes], np.uint8)
    return lambda rgb: lookup[synth(rgb).labels]


def _feature_networks(inception_weights: Path | None) -> list[FeatureNetwork]:
    networks: list[FeatureNetwork] = [LiteFeatures()]
    if inception_weights is not None:
        networks.append(InceptionFeatures(inception_weights))
    return networks


def _require_frames(dataset: Dataset, protocols: list[Protocol], split: str) -> None:
    """Raise DatasetError, before anything is scored, for a split that no protocol has a frame of."""
    if dataset.thermal is None and not dataset.stems(split):
        raise DatasetError(f"{dataset.root}: split {split!r} is empty", "Name a split with frames.")
    frames = [dataset.spec.frames[stem] for stem in dataset.stems(split)]
    if dataset.thermal is not None and not any(is_scored(f, p) for f in frames for p in protocols):
        scored_stems(dataset, protocols[0], split)


def _synthesizers(
    synth: Synthesizer, dataset: Dataset, protocols: list[Protocol], split: str
) -> Mapping[Protocol, Synthesize]:
    """Return the protocols that have frames to score on this split."""
    frames = [dataset.spec.frames[stem] for stem in dataset.stems(split)]
    return {
        protocol: bundle_synthesizer(synth, dataset)
        for protocol in protocols
        if any(is_scored(frame, protocol) for frame in frames)
    }


def _class_lookup(dataset: Dataset, bundle_classes: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    missing = sorted(set(dataset.classes) - set(bundle_classes))
    if missing:
        raise DatasetError(
            f"the bundle has no class {', '.join(missing)}",
            f"Prepare {dataset.root} with the bundle's classes.",
        )
    return np.array([bundle_classes.index(name) for name in dataset.classes], np.uint8)


def _progress(title: str) -> Callable[[list[str]], tqdm]:
    return lambda stems: tqdm(stems, desc=title, unit="frame")


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
