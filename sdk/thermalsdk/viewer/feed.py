"""Colour frames without an end: a street that is rendered, or any source, from its start when it ends."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import VideoError
from thermalsdk.scenes import HELD_OUT, SCENE_IDS, StreetScene
from thermalsdk.video import open_source, read_frames

SCENE = "scene"
_SCENE_SIZE = (240, 320)
_SCENE_SEED = HELD_OUT + 36
_SCENE_RATE = 10.0
#: Seconds after which the street begins anew.
_SCENE_SECONDS = 5.0


@dataclass(frozen=True)
class FeedFrame:
    """One colour frame.

    Args:
        rgb: uint8 HxWx3.
        labels: class map uint8 HxW in the bundle's ids, or None where the segmenter is to make it.
        instances: uint16 HxW, or None.
        cut: whether it does not follow the frame before it: a picture, or the first frame of a source.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8] | None = None
    instances: npt.NDArray[np.uint16] | None = None
    cut: bool = False


def open_feed(source: str, classes: tuple[str, ...]) -> Generator[FeedFrame, None, None]:
    """Frames of the built-in street ("scene"), or of what `open_source` opens.

    classes: of the bundle.

    Raises VideoError or MissingDependency, at once for a source that cannot be opened.
    """
    if source == SCENE:
        return _street(classes)
    open_source(source).close()
    return _repeated(source)


def _street(classes: tuple[str, ...]) -> Generator[FeedFrame, None, None]:
    street = StreetScene(_SCENE_SEED, *_SCENE_SIZE)
    ids = SCENE_IDS.lookup(classes)
    # Drawing takes longer than synthesis: each frame is drawn once.
    drawn = []
    for number in range(round(_SCENE_RATE * _SCENE_SECONDS)):
        scene = street.render(number / _SCENE_RATE)
        drawn.append(FeedFrame(scene.rgb, ids[scene.labels], scene.instances, cut=number == 0))
        yield drawn[-1]
    while True:
        yield from drawn


def _repeated(source: str) -> Generator[FeedFrame, None, None]:
    while True:
        first = True
        opened = open_source(source)
        for frame in read_frames(opened, "latest"):
            yield FeedFrame(frame.rgb, cut=first or opened.clock == "none")
            first = False
        if first:
            raise VideoError(f"{source} gives no frames", "Choose another source.")
