"""Steadiness along a video: flicker where nothing moves, and E_warp, beside the real camera's own.

E_warp (Lai et al. 2018): a frame against the one before it, moved by the optical flow of the colour video, as
the mean squared difference over what is seen in both. Flicker: mean absolute difference of neighbouring
frames where the colours stand still. Both are in units of the clip's own standard deviation, because the
cameras' automatic gain makes kelvin incomparable. tOF (TecoGAN): mean difference in pixels of the thermal
videos' own flow from that of the real one. "Following motion" is a stream
with follow_motion, "each frame alone" leaves the SDK's smoothing out.

python benchmarks/stability.py [--data ../shared/data/m3svd] [--frames 100] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from common.report import leave

from thermalsdk import Synthesizer
from thermalsdk.scenes import HELD_OUT, StreetScene
from thermalsdk.video import open_source

# `train` is run from the checkout and not installed.
sys.path.insert(0, str(Path(__file__).parents[1]))
from train.evaluation import video_scores

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
    """All measures of the real thermal, of the SDK's stream, and of frames synthesized one by one."""
    videos = {
        "real": truth,
        "stream": [frame.kelvin for frame in synth.stream(rgb, policy="all")],
        "following motion": [frame.kelvin for frame in synth.stream(rgb, policy="all", follow_motion=True)],
        "each frame alone": [synth(frame).kelvin for frame in rgb],
    }
    units = {name: float(np.std(np.stack(frames))) for name, frames in videos.items()}
    bytes_ = {name: video_scores.grey_bytes(np.stack(frames)) for name, frames in videos.items()}
    measures = ("flicker", "e_warp", "t_of")
    found: dict[str, dict[str, list[float | None]]] = {name: {m: [] for m in measures} for name in videos}
    for index in range(1, len(rgb)):
        still = video_scores.standing_still(rgb[index - 1], rgb[index])
        source, seen = video_scores.flow_back(rgb[index - 1], rgb[index])
        for name, frames in videos.items():
            now, before = (frames[i].astype(np.float32) / units[name] for i in (index, index - 1))
            real, made = (tuple(bytes_[clip][index - 1 : index + 1]) for clip in ("real", name))
            found[name]["flicker"].append(video_scores.flicker(before, now, still))
            found[name]["e_warp"].append(video_scores.warp_error(before, now, source, seen))
            found[name]["t_of"].append(video_scores.flow_error(real, made))
    return {
        name: {measure: mean(values) for measure, values in rows.items()} | {"std": round(units[name], 2)}
        for name, rows in found.items()
    }


def scene(count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Colours and kelvin of a moving procedural street."""
    street = StreetScene(HELD_OUT, 480, 640)
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


def mean(values: Iterable[float | None]) -> float | None:
    """Mean to four digits of what there is, None of nothing."""
    found = [value for value in values if value is not None]
    return round(float(np.mean(found)), 4) if found else None


if __name__ == "__main__":
    main()
