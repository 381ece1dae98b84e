"""The whole of `thermalsdk run` at 640x480 through a camera model and what its stages take.

`run clip.mp4 out.mp4 --raw16 out.mkv --palette ironbow --camera boson640 --preset winter-night` is timed from
the first frame until both files are complete. "Colours only": the segmenter makes the class maps. "Cached":
the class maps that such a run has kept with --save-labels. "Given": those that come with the clip.

Stages are milliseconds of processor time a frame, each measured by itself, so that they hardly depend on what
else the machine does. "Outputs" are 16-bit counts and the coloured picture. What is "beside" has threads of
its own in a run.

python benchmarks/camera.py [--data VIDEO] [--frames 300] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from common.frames import Case, resized
from common.report import leave
from PIL import Image

from thermalsdk import Camera, Synthesizer, Temperatures
from thermalsdk.cli.frame_maps import open_label_sink
from thermalsdk.cli.main import main as thermalsdk
from thermalsdk.formats import Provenance, ThermalImage, read_thermal_frames
from thermalsdk.formats.ffv1 import ThermalVideoSink
from thermalsdk.scenes import HELD_OUT, SCENE_IDS, StreetScene
from thermalsdk.video import Sink, open_source
from thermalsdk.video.display_sinks import DisplayVideoSink
from thermalsdk.video.id_pictures import read_ids

Result = TypeVar("Result")

SIZE = (480, 640)
RATE = 30.0
CAMERA, PRESET, PALETTE = "boson640", "winter-night", "ironbow"
#: Drawing a scene takes longer than its thermal frame: so many are drawn, and shown forth and back.
DRAWN = 24
#: Repeats of every stage, and frames that are compared bit by bit.
REPEATS = 48


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="VIDEO", help="default: a procedural street")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--frames", type=int, default=300, help="of the clip")
    parser.add_argument("--quick", action="store_true", help="few frames")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    count = REPEATS if args.quick else args.frames
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with Synthesizer.load(args.bundle) as synth:
            threads, classes = synth.info.threads, synth.info.classes
            cases = scene(classes) if args.data is None else recording(args.data, count, synth)
            write_clip(work, cases, count)
            by_stage = stages(synth, work, cases)
        report = {
            "frames": f"{count} of {SIZE[1]}x{SIZE[0]}",
            "source": "procedural street" if args.data is None else args.data.name,
            "camera": CAMERA,
            "threads": threads,
            "stages_cpu_ms": by_stage,
            "runs": runs(work, args.bundle),
            "reads_back_bit_exact": reads_back(work, args.bundle),
        }
    leave(report, args.json)


def scene(classes: tuple[str, ...]) -> list[Case]:
    """A moving street, forth and back, and its class maps in the bundle's ids."""
    ids = SCENE_IDS.lookup(classes)
    drawn = [(frame.rgb, ids[frame.labels]) for frame in StreetScene(HELD_OUT, *SIZE).frames(DRAWN, RATE)]
    return [*drawn, *drawn[-2:0:-1]]


def recording(path: Path, count: int, synth: Synthesizer) -> list[Case]:
    """The first frames of a video, and the class maps that the segmenter gives them."""
    source = open_source(str(path))
    try:
        frames = [resized(given.rgb, SIZE, Image.Resampling.BILINEAR) for given in islice(source, count)]
    finally:
        source.close()
    return [(rgb, synth(rgb).labels) for rgb in frames]


def write_clip(work: Path, cases: Sequence[Case], count: int) -> None:
    """Write clip.mp4 and the folder `given` of its class maps."""
    with DisplayVideoSink(work / "clip.mp4", RATE) as clip, open_label_sink(work / "given") as maps:
        for index, (rgb, labels) in enumerate(islice(cycle(cases), count)):
            clip.write(rgb, "")
            maps.write(labels, f"{index:06d}")


def stages(synth: Synthesizer, work: Path, cases: Sequence[Case]) -> dict[str, float]:
    """Processor time of everything that happens to a frame whose class map is given."""
    camera, temperatures = Camera.preset(CAMERA), Temperatures.preset(PRESET)
    chosen = list(islice(cycle(cases), REPEATS))
    laps: dict[str, list[float]] = {"networks_and_composition": [], "camera": [], "outputs": []}
    for rgb, labels in chosen:
        frame = lap(
            laps["networks_and_composition"],
            lambda r=rgb, k=labels: synth(r, labels=k, temperatures=temperatures),
        )
        seen = lap(laps["camera"], lambda f=frame: camera.view(f))
        lap(laps["outputs"], lambda f=seen: (f.raw16, f.colorize(PALETTE)))
    source, maps = iter(open_source(str(work / "clip.mp4"))), iter(sorted((work / "given").iterdir()))
    laps |= {"beside: clip": [], "beside: class maps": []}
    for _ in range(REPEATS):
        lap(laps["beside: clip"], lambda: next(source))
        lap(laps["beside: class maps"], lambda: read_ids(next(maps)))
    camera.restart()
    frames = [synth(rgb, labels=labels, temperatures=temperatures, camera=camera) for rgb, labels in chosen]
    provenance = Provenance.of(synth.info, camera.hash)
    pictures = [frame.colorize(PALETTE) for frame in frames]
    counts = [ThermalImage.raw16(frame.raw16, provenance) for frame in frames]
    return {
        **{name: round(statistics.median(milliseconds), 2) for name, milliseconds in laps.items()},
        "beside: H.264": encoding(DisplayVideoSink(work / "stage.mp4", RATE), pictures),
        "beside: FFV1": encoding(ThermalVideoSink(work / "stage.mkv", RATE), counts),
    }


def lap(milliseconds: list[float], work: Callable[[], Result]) -> Result:
    """What `work` returns; the processor time of all threads that it took joins the list."""
    start = time.process_time()
    result = work()
    milliseconds.append((time.process_time() - start) * 1e3)
    return result


def encoding(sink: Sink, images: Sequence) -> float:
    """Mean milliseconds of processor time, of all threads, that a frame of a complete file costs."""
    start = time.process_time()
    with sink:
        for image in images:
            sink.write(image, "")
    return round((time.process_time() - start) * 1e3 / len(images), 2)


def runs(work: Path, bundle: str) -> dict[str, dict[str, float]]:
    """Frames per second of the command, and its processor time, by where the class maps come from."""
    return {
        "colours_only": run(work, bundle, "--save-labels", work / "cached"),
        "cached": run(work, bundle, "--labels", work / "cached"),
        "given": run(work, bundle, "--labels", work / "given"),
    }


def run(work: Path, bundle: str, *arguments: object) -> dict[str, float]:
    """One run of the command."""
    outputs = (work / "out.mp4", "--raw16", work / "out.mkv")
    start = time.process_time()
    facts = command(work, bundle, *outputs, *arguments)
    busy = time.process_time() - start
    return {
        "fps": facts["end_to_end_fps"],
        "frame_ms": facts["frame_ms"],
        "cpu_ms_with_loading": round(busy * 1e3 / facts["frames"], 1),
    }


def command(work: Path, bundle: str, *arguments: object) -> dict[str, float]:
    """`thermalsdk run` on the clip; what it reports. Raises RuntimeError where it fails."""
    look = ("--palette", PALETTE, "--camera", CAMERA, "--preset", PRESET, "--bundle", bundle, "--json")
    words = [str(word) for word in ("run", work / "clip.mp4", *arguments, *look)]
    out = io.StringIO()
    with redirect_stdout(out):
        code = thermalsdk(words)
    if code:
        raise RuntimeError(f"`thermalsdk {' '.join(words)}` failed")
    return json.loads(out.getvalue())


def reads_back(work: Path, bundle: str) -> bool:
    """Whether the lossless video and the plain arrays of two runs hold the same counts."""
    files = work / "back.mkv", work / "back.npz"
    for path in files:
        few = ("--labels", work / "cached", "--max-frames", REPEATS)
        command(work, bundle, work / "back.mp4", "--raw16", path, *few)
    video, arrays = (list(read_thermal_frames(path)) for path in files)
    return len(video) == len(arrays) == REPEATS and all(
        np.array_equal(one.counts, other.counts) for one, other in zip(video, arrays, strict=True)
    )


if __name__ == "__main__":
    main()
