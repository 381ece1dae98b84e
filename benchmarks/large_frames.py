"""What frames larger than those of training cost, and what the segmenter and the labeller make of them.

Validation frames are enlarged: nothing is seen on them that was not there before, so a bundle should make the
same of them at any size. Class maps and temperatures are scored at the original size.

python benchmarks/large_frames.py --data runs/data/msrs [--frames 16] [--bundle B] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from common.frames import resized, validation_samples
from common.report import leave
from PIL import Image

from thermalsdk import Synthesizer
from thermalsdk.labels import STREET_CLASSES, VOID

SCALES = (1.0, 1.5, 2.0, 3.0, 4.0)


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
    frames = load_frames(args.data, 2 if args.quick else args.frames)
    scales = [scale for scale in SCALES if scale <= 2 or not args.quick]
    with Synthesizer.load(args.bundle) as synth:
        rows = {scale: measure(synth, frames, scale) for scale in scales}
    source = "procedural scenes" if args.data is None else args.data.name
    leave({"source": source, "frames": len(frames), "scales": rows}, args.json)


#: Colours, class map with VOID where nobody knows, and kelvin or None.
Frame = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def load_frames(data: Path | None, count: int) -> list[Frame]:
    """Validation frames of a dataset, or procedural ones."""
    if data is None:
        from thermalsdk.scenes import SCENE_IDS, StreetScene

        known = SCENE_IDS.lookup(STREET_CLASSES)
        scenes = [StreetScene(seed, 480, 640).render(1.0) for seed in range(count)]
        return [(scene.rgb, known[scene.labels], scene.kelvin) for scene in scenes]
    return [(s.rgb, s.labels, s.thermal_kelvin) for s in validation_samples(data, count)]


def measure(synth: Synthesizer, frames: list[Frame], scale: float) -> dict[str, object]:
    """Scores and milliseconds of frames that are `scale` times as wide and as high."""
    from train.evaluation.segmentation import confusion_of, overlap

    classes = len(synth.info.classes)
    confusion = np.zeros((classes, classes), np.int64)
    milliseconds, likeness = [], []
    for rgb, labels, kelvin in frames:
        size = (round(rgb.shape[0] * scale), round(rgb.shape[1] * scale))
        large = resized(rgb, size, Image.Resampling.BICUBIC)
        found = synth(large)
        milliseconds.append(found.timing.total)
        confusion += confusion_of(labels, resized(found.labels, rgb.shape[:2]), classes)
        if kelvin is not None:
            known = np.where(labels == VOID, 0, labels).astype(np.uint8)
            given = synth(large, labels=resized(known, size))
            made = resized(given.thermal_labels, rgb.shape[:2])
            likeness.append(np.corrcoef(made.ravel(), kelvin.ravel())[0, 1])
    accuracy, mean_iou, _ = overlap(confusion)
    return {
        "height": size[0],
        "pixel_accuracy": round(accuracy, 4),
        "mean_iou": round(mean_iou, 4),
        "r_of_temperatures": round(float(np.mean(likeness)), 3) if likeness else None,
        "colours_only_ms": round(statistics.median(milliseconds), 1),
    }


if __name__ == "__main__":
    main()
