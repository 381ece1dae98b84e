"""Frames larger than those of training: what a bundle makes of them, seen reduced and whole, and how fast.

Validation frames are enlarged: nothing is seen on them that was not there before, so a bundle should make the
same of them at any size; all is scored at the original size. Procedural scenes are drawn at each size, with
all the detail that it has room for, and scored there.

python benchmarks/large_frames.py [--data runs/data/msrs] [--frames 16] [--bundle B] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from common.frames import resized, validation_samples
from common.report import leave
from PIL import Image

from thermalsdk import Frame, Synthesizer
from thermalsdk.bundle import Bundle, write_manifest
from thermalsdk.compositing import connected_components
from thermalsdk.labels import STREET_CLASSES, VOID
from thermalsdk.scenes import SCENE_IDS, StreetScene

SCALES = (1.0, 1.5, 2.0, 3.0, 4.0)
#: Of scenes; validation frames have sizes of their own.
SIZE = (480, 640)


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a prepared dataset with class maps; default: scenes")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--quick", action="store_true", help="few frames, and none above twice their size")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    count = 2 if args.quick else args.frames
    scales = [scale for scale in SCALES if scale <= 2 or not args.quick]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        whole = copy_that_reduces_nothing(Bundle.open(args.bundle), folder / "whole")
        ways = {
            "reduced": stack.enter_context(Synthesizer.load(args.bundle)),
            "whole": stack.enter_context(Synthesizer.load(whole)),
        }
        rows = {scale: measure(ways, list(cases(args.data, count, scale))) for scale in scales}
    source = "procedural scenes" if args.data is None else args.data.name
    leave({"source": source, "frames": count, "scales": rows}, args.json)


def copy_that_reduces_nothing(bundle: Bundle, out: Path) -> Path:
    """The bundle with networks that are said to know frames of any size."""
    shutil.copytree(bundle.path, out)
    write_manifest(out, replace(bundle.manifest, known_side_pixels=1 << 20))
    return out


@dataclass(frozen=True)
class Case:
    """A frame, and the truth at a size of its own.

    Args:
        rgb: colours, uint8 HxWx3.
        labels: true class map, with VOID where nobody knows.
        objects: their ids, of the same size.
        kelvin: of the same size; None where there is no thermal picture.
    """

    rgb: np.ndarray
    labels: np.ndarray
    objects: np.ndarray
    kelvin: np.ndarray | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the colours."""
        return self.rgb.shape[:2]

    @property
    def given_labels(self) -> np.ndarray:
        """Class map at the size of the colours, known everywhere."""
        return resized(np.where(self.labels == VOID, 0, self.labels).astype(np.uint8), self.size)

    @property
    def means(self) -> np.ndarray:
        """The true mean of each object painted over it, kelvin."""
        from train.evaluation.protocols import region_means

        return region_means(self.objects, self.kelvin).astype(np.float32)

    def at_truth(self, field: np.ndarray) -> np.ndarray:
        """A field of temperatures at the size of the truth."""
        return np.asarray(resized(field, self.objects.shape, Image.Resampling.BOX), np.float64)


def cases(data: Path | None, count: int, scale: float) -> Iterator[Case]:
    """Frames that are `scale` times as wide and as high as those of the set, or as SIZE."""
    if data is None:
        known = SCENE_IDS.lookup(STREET_CLASSES)
        for seed in range(count):
            scene = StreetScene(seed, *scaled(SIZE, scale)).render(1.0)
            labels = known[scene.labels]
            yield Case(scene.rgb, labels, connected_components(labels)[0], scene.kelvin)
        return
    from train.evaluation.protocols import components

    for sample in validation_samples(data, count):
        large = resized(sample.rgb, scaled(sample.rgb.shape[:2], scale), Image.Resampling.BICUBIC)
        yield Case(large, sample.labels, components(sample), sample.thermal_kelvin)


def scaled(size: Sequence[int], scale: float) -> tuple[int, int]:
    """Height and width, `scale` times as large."""
    return (round(size[0] * scale), round(size[1] * scale))


def measure(ways: dict[str, Synthesizer], frames: list[Case]) -> dict[str, object]:
    """Scores and milliseconds of both ways, which take turns."""
    rows = {name: Scores(len(synth.info.classes)) for name, synth in ways.items()}
    for case in frames:
        for name, synth in ways.items():
            rows[name].add_alone(case, synth(case.rgb))
        if case.kelvin is None:
            continue
        labels, means = case.given_labels, resized(case.means, case.size)
        for name, synth in ways.items():
            rows[name].add_painted(case, synth(case.rgb, labels=labels))
            rows[name].add_given(case, synth(case.rgb, labels=labels, thermal_labels=means))
    height = frames[0].size[0]
    return {"height": height} | {name: scores.summary() for name, scores in rows.items()}


class Scores:
    """Of one way at one size."""

    def __init__(self, classes: int) -> None:
        self._confusion = np.zeros((classes, classes), np.int64)
        self._values: dict[str, list[float]] = {}

    def _note(self, name: str, value: float) -> None:
        self._values.setdefault(name, []).append(float(value))

    def add_alone(self, case: Case, frame: Frame) -> None:
        """A frame from colours alone."""
        from train.evaluation.segmentation import confusion_of

        self._note("colours_only_ms", frame.timing.total)
        found = resized(frame.labels, case.labels.shape)
        self._confusion += confusion_of(case.labels, found, len(self._confusion))

    def add_painted(self, case: Case, frame: Frame) -> None:
        """A frame whose class map was given and whose temperatures are predicted."""
        painted = case.at_truth(frame.thermal_labels)
        self._note("r_of_temperatures", np.corrcoef(painted.ravel(), case.kelvin.ravel())[0, 1])

    def add_given(self, case: Case, frame: Frame) -> None:
        """A frame whose class map and objects' means were given."""
        from train.evaluation.frame_scores import correlation_within

        made, true = case.at_truth(frame.kelvin), case.kelvin.astype(np.float64)
        self._note("given_ms", frame.timing.total)
        self._note("r_within_objects", correlation_within(case.objects, true, made))
        self._note("absolute_error", np.abs(made - true).mean())
        self._note("absolute_error_of_flat_objects", np.abs(case.means - true).mean())

    def summary(self) -> dict[str, float]:
        """Medians of times, means of the rest."""
        from train.evaluation.segmentation import overlap

        accuracy, mean_iou, _ = overlap(self._confusion)
        summed = {
            name: round(statistics.median(values), 1)
            if name.endswith("_ms")
            else round(statistics.mean(values), 3)
            for name, values in self._values.items()
        }
        return {"pixel_accuracy": round(accuracy, 4), "mean_iou": round(mean_iou, 4), **summed}


if __name__ == "__main__":
    main()
