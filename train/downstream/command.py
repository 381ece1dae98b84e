"""Train a small thermal network on real frames, synthetic ones, both, and grey colours; test it on real ones.

`python -m train downstream --data runs/data` measures what the paper is for, expanding thermal databases:
average precision of person and vehicle probabilities against human boxes on the real thermal frames of the
validation split, for each arm and several seeds. The networks differ in nothing but their corpora: real
frames, all or few; synthetic ones; both mixed; synthetic ones first and real ones after.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle
from train.checkpoint import read_kept, write_json
from train.data import Dataset
from train.downstream.corpora import Example, grey_colours, real_thermal, synthetic_thermal
from train.downstream.scoring import score_boxes
from train.downstream.table import summarise, table_markdown
from train.downstream.training import DetectorConfig, predictor, train_detector
from train.memory import keep_freed_memory


@dataclass(frozen=True)
class Arm:
    """Names of the corpora, drawn equally often, of the first half and, where it differs, of the second."""

    first: tuple[str, ...]
    second: tuple[str, ...] | None = None

    def halves(self, corpora: Mapping[str, list[Example]]) -> tuple[list[list[Example]], list[list[Example]]]:
        """The corpora of both halves."""
        return (
            [corpora[name] for name in self.first],
            [corpora[name] for name in self.second or self.first],
        )


#: Of the real frames, every so many-th is in the corpus of those who have only few.
FEW = 8
#: What each arm of the experiment is trained on, in the first and in the second half of its steps.
ARMS = {
    "real": Arm(("real",)),
    "synthetic": Arm(("synthetic",)),
    "both": Arm(("real", "synthetic")),
    "synthetic, then real": Arm(("synthetic",), ("real",)),
    "grey": Arm(("grey",)),
    "few real": Arm(("few",)),
    "synthetic, then few real": Arm(("synthetic",), ("few",)),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    config = DetectorConfig()
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of prepared sets")
    parser.add_argument("--real", default="msrs", help="set with thermal pictures: real corpus and test")
    parser.add_argument(
        "--labelled",
        nargs="+",
        default=["camvid", "msrs", "roadscene"],
        help="sets whose colours and labels become synthetic thermal frames, and the grey control",
    )
    parser.add_argument("--bundle", default="street", help="shipped name or bundle folder")
    parser.add_argument("--out", type=Path, default=Path("runs/downstream"), help="run directory")
    parser.add_argument(
        "--arms",
        nargs="+",
        choices=ARMS,
        default=list(ARMS),
        metavar="ARM",
        help=f"of {'; '.join(ARMS)}",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=config.steps, help="of each network (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="copy of the results")


def main(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments; returns the exit code."""
    keep_freed_memory()
    real = Dataset.open(args.data / args.real)
    labelled = [Dataset.open(args.data / name) for name in args.labelled]
    config = replace(DetectorConfig(), steps=args.steps)
    corpora = make_corpora(real, labelled, args.bundle)
    made_of = {
        "bundle": Bundle.open(args.bundle).hash,
        "sets": {dataset.folder: dataset.fingerprint() for dataset in (real, *labelled)},
        "frames": {name: len(corpus) for name, corpus in corpora.items()},
    }
    scores = {
        arm: [_score(args.out, arm, corpora, real, config, n, made_of) for n in range(args.seeds)]
        for arm in args.arms
    }
    results = summarise(
        scores,
        config=asdict(config),
        bundle=args.bundle,
        frames={name: len(corpus) for name, corpus in corpora.items()},
        test={"set": real.name, "split": "val", "frames": len(real.stems("val"))},
    )
    for path in filter(None, (args.out / "downstream.json", args.json)):
        write_json(path, results)
    report = table_markdown(results)
    (args.out / "downstream.md").write_text(report)
    print(report)
    return 0


def make_corpora(real: Dataset, labelled: list[Dataset], bundle: str) -> dict[str, list[Example]]:
    """The corpora, in memory."""
    real_frames = real_thermal(real, _progress(f"{real.name} real"))
    with Synthesizer.load(bundle) as synth:
        return {
            "real": real_frames,
            "few": real_frames[::FEW],
            "synthetic": [
                example
                for dataset in labelled
                for example in synthetic_thermal(dataset, synth, _progress(f"{dataset.name} synthetic"))
            ],
            "grey": [
                example
                for dataset in labelled
                for example in grey_colours(dataset, _progress(f"{dataset.name} grey"))
            ],
        }


def _score(
    out: Path,
    arm: str,
    corpora: Mapping[str, list[Example]],
    real: Dataset,
    config: DetectorConfig,
    seed: int,
    made_of: Mapping[str, Any],
) -> dict[str, Any]:
    """Scores of one network, kept in its run directory for the same configuration and corpora."""
    run = out / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}"
    kept = run / "scores.json"
    key = {"config": asdict(config), "made_of": made_of}
    known = read_kept(kept, key)
    if known is not None:
        return known["scores"]
    network = train_detector(ARMS[arm].halves(corpora), run, config, seed, made_of)
    scores = score_boxes(real, predictor(network))
    write_json(kept, {**key, "scores": scores})
    return scores


def _progress(title: str) -> Callable[[Any], tqdm]:
    return partial(tqdm, desc=title, unit="frame")
