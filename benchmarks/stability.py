"""Steadiness along a video: flicker where nothing moves, and E_warp, beside the real camera's own.

E_warp (Lai et al. 2018): a frame against the one before it, moved by the optical flow of the colour video, as
the mean squared difference over what is seen in both. Flicker: mean absolute difference of neighbouring
frames where the colours stand still. Both are in units of the clip's own standard deviation, because the
cameras' automatic gain makes kelvin incomparable. "Each frame alone" leaves the SDK's smoothing out.

python benchmarks/stability.py [--data ../shared/data/m3svd] [--frames 100] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from common.report import leave

from thermalsdk import Synthesizer
from thermalsdk.scenes import StreetScene
from thermalsdk.video import open_source

#: Colours that differ by less than this between frames, of 255, stand still.
STILL = 3.0
#: Pixels that flow forth and back by more than this were hidden in one of the frames.
HIDDEN_PIXELS = 1.0
RATE = 25


def main() -> None:
    """Measure every clip and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="folder with rgb/NAME.mp4 and thermal/NAME.mp4; default: a procedural scene"
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--frames", type=int, default=100, help="of each clip")
    parser.add_argument("--quick", action="store_true", help="few frames")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    count = 6 if args.quick else args.frames
    clips = {"procedural street": scene(count)} if args.data is None else recordings(args.data, count)
    with Synthesizer.load(args.bundle) as synth:
        report = {name: compare(synth, rgb, truth) for name, (rgb, truth) in clips.items()}
    leave({"frames": count, "clips": report}, args.json)


def compare(synth: Synthesizer, rgb: list[np.ndarray], truth: list[np.ndarray]) -> dict[str, object]:
    """Both measures of the real thermal, of the SDK's stream, and of frames synthesized one by one."""
    videos = {
        "real": truth,
        "stream": [frame.kelvin for frame in synth.stream(rgb, policy="all")],
        "each frame alone": [synth(frame).kelvin for frame in rgb],
    }
    units = {name: float(np.std(np.stack(frames))) for name, frames in videos.items()}
    flicker: dict[str, list[float]] = {name: [] for name in videos}
    warp: dict[str, list[float]] = {name: [] for name in videos}
    for index in range(1, len(rgb)):
        still = standing_still(rgb[index - 1], rgb[index])
        source, seen = flow_back(rgb[index - 1], rgb[index])
        for name, frames in videos.items():
            now, before = (frames[i].astype(np.float32) / units[name] for i in (index, index - 1))
            if still.any():
                flicker[name].append(float(np.abs(now - before)[still].mean()))
            moved = cv2.remap(before, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            warp[name].append(float(np.square(now - moved)[seen].mean()))
    return {
        name: {"flicker": mean(flicker[name]), "e_warp": mean(warp[name]), "std": round(units[name], 2)}
        for name in videos
    }


def standing_still(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Bool HxW: where smoothed colours hardly differ."""
    difference = np.abs(cv2.GaussianBlur(now, (0, 0), 2).astype(int) - cv2.GaussianBlur(before, (0, 0), 2))
    return difference.max(2) < STILL


def flow_back(before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of `now` was: float32 HxWx2 (x, y), and bool HxW where it was seen."""
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, now)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = dis.calc(greys[1], greys[0], None)
    forth = dis.calc(greys[0], greys[1], None)
    height, width = greys[0].shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    source = grid + back
    returned = back + cv2.remap(forth, source, None, cv2.INTER_LINEAR)
    inside = ((source >= 0) & (source <= (width - 1, height - 1))).all(2)
    return source, inside & (np.linalg.norm(returned, axis=2) < HIDDEN_PIXELS)


def scene(count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Colours and kelvin of a moving procedural street."""
    street = StreetScene(2, 480, 640)
    frames = [street.render(index / RATE) for index in range(count)]
    return [frame.rgb for frame in frames], [frame.kelvin for frame in frames]


def recordings(root: Path, count: int) -> dict[str, tuple[list[np.ndarray], list[np.ndarray]]]:
    """Colour frames and thermal counts of every clip that both folders hold."""
    clips = {}
    for path in sorted((root / "rgb").glob("*.mp4")):
        thermal = [frame[..., 0] for frame in read(root / "thermal" / path.name, count)]
        clips[path.stem] = (read(path, len(thermal)), thermal)
    return clips


def read(path: Path, count: int) -> list[np.ndarray]:
    """The first frames of a video, uint8 HxWx3."""
    source = open_source(str(path))
    try:
        return [frame.rgb for frame in islice(source, count)]
    finally:
        source.close()


def mean(values: Iterable[float]) -> float | None:
    """Mean to four digits, None of nothing."""
    found = list(values)
    return round(float(np.mean(found)), 4) if found else None


if __name__ == "__main__":
    main()
