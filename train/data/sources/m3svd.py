"""M3SVD: synchronised colour and thermal clips, every k-th frame as a sequence, no labels."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from thermalsdk.labels import STREET_CLASSES
from train.data.errors import DatasetError
from train.data.sources import common
from train.data.spec import FrameSpec, ThermalSpec
from train.data.writer import DatasetWriter

#: Every how many frames one is kept: 22 to 30 frames a second become 4 to 6.
EVERY = 5
#: Clips never trained on. In 0117_1605 smoke blinds the colour camera.
SMOKE_CLIPS = ("0117_1605",)
#: Gives the train frames the median within-frame spread of MSRS train (docs/formats.md):
#: 3.285 K / 34.65 counts.
KELVIN_PER_COUNT = 0.0948


def prepare(src: Path, out: Path) -> None:
    """Write `src` (data/m3svd) as a canonical data set to `out`."""
    common.require_folders(src, "rgb", "thermal")
    clips = sorted(path.stem for path in (src / "rgb").glob("*.mp4"))
    if not clips:
        raise DatasetError(f"{src / 'rgb'} holds no .mp4", "Restore the source folder.")
    writer = DatasetWriter(
        out,
        name="m3svd",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("counts8", 273.15, KELVIN_PER_COUNT, radiometric=False, level="per-frame-gain"),
        source="M3SVD (github.com/Linfeng-Tang/VideoFusion)",
        licence="MIT",
        notes=(
            f"every {EVERY}th frame of each clip",
            "0117_1605, where smoke blinds the colour camera, is test only",
        ),
    )
    with writer:
        for clip in clips:
            split = "test" if clip in SMOKE_CLIPS else "train"
            for number, rgb, thermal in _pairs(src, clip):
                frame = FrameSpec(night=False, sequence=clip)
                writer.add(split, f"{clip}_{number:06d}", rgb, thermal=thermal, frame=frame)


def _pairs(src: Path, clip: str) -> Iterator[tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    """Frame number, uint8 HxWx3 and uint8 HxW of every k-th frame of a clip."""
    paths = [src / kind / f"{clip}.mp4" for kind in ("rgb", "thermal")]
    streams = zip(_frames(paths[0]), _frames(paths[1]), strict=True)
    try:
        for number, (rgb, thermal) in enumerate(streams):
            if number % EVERY == 0:
                yield number, rgb.to_ndarray(format="rgb24"), thermal.to_ndarray(format="gray")
    except ValueError as error:
        raise DatasetError(f"{paths[0]} and {paths[1]} differ in length", "Restore both clips.") from error


def _frames(path: Path) -> Iterator[av.VideoFrame]:
    try:
        with av.open(str(path)) as container:
            yield from container.decode(video=0)
    except (OSError, av.FFmpegError, IndexError) as error:
        raise DatasetError(f"cannot decode {path}: {error}", "Restore the clip from its source.") from error
