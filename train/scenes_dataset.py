"""Render the procedural street into a dataset: what the bare `python -m train` learns from."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
from tqdm import tqdm

from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import HELD_OUT, StreetScene
from train.data import DatasetWriter, FrameSpec, ThermalSpec

DEFAULT_ROOT = Path("runs/procedural")
TRAIN_FRAMES, VAL_FRAMES = 240, 24
SIZE = (480, 640)
FRAMES_PER_SCENE = 3
SECONDS_APART = 2.5

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m train scenes`."""
    parser.add_argument("out", type=Path, help="folder to write; absent or empty")
    parser.add_argument("--train-frames", type=int, default=TRAIN_FRAMES, help="default: %(default)s")
    parser.add_argument("--val-frames", type=int, default=VAL_FRAMES, help="default: %(default)s")


def main(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments; returns the exit code."""
    prepare_scenes(args.out, args.train_frames, args.val_frames)
    return 0


def default_data() -> Path:
    """Folder with nothing but the procedural scenes, made on first use."""
    if not (DEFAULT_ROOT / "scenes" / "dataset.json").exists():
        logger.info("making %d procedural frames in %s (once)", TRAIN_FRAMES + VAL_FRAMES, DEFAULT_ROOT)
        prepare_scenes(DEFAULT_ROOT / "scenes", TRAIN_FRAMES, VAL_FRAMES)
    return DEFAULT_ROOT


def prepare_scenes(out: Path, train: int, val: int, size: tuple[int, int] = SIZE) -> None:
    """Render scenes into a dataset: `train` and `val` frames of (height, width), a few of each seed.

    The frames of `val` are the same ones however many there are in `train`.

    Raises:
        DatasetError: `out` already holds something.
    """
    thermal = ThermalSpec(
        encoding="centikelvin16", offset_kelvin=0.0, kelvin_per_count=0.01, radiometric=True
    )
    with DatasetWriter(
        out,
        name="scenes",
        classes=STREET_CLASSES,
        thermal=thermal,
        source="thermalsdk.scenes.StreetScene",
        licence="Apache-2.0",
    ) as writer:
        shots = [("train", 0, index) for index in range(train)] + [
            ("val", HELD_OUT, index) for index in range(val)
        ]
        for split, first_seed, index in tqdm(shots, desc="scenes"):
            street, part = divmod(index, FRAMES_PER_SCENE)
            seed = first_seed + street
            scene = StreetScene(seed, *size)
            frame = scene.render(part * SECONDS_APART)
            writer.add(
                split,
                f"{seed:04d}_{part}",
                frame.rgb,
                thermal=np.round(frame.kelvin * 100).astype(np.uint16),
                labels=frame.labels,
                instances=frame.instances,
                frame=FrameSpec(night=scene.conditions.night, sequence=f"{seed:04d}", label_source="true"),
            )
