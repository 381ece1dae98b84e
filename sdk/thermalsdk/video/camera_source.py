"""A camera of this machine, read with OpenCV."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from thermalsdk.errors import VideoError
from thermalsdk.video.guard import Guard
from thermalsdk.video.packages import import_cv2
from thermalsdk.video.source import ClockKind, SourceFrame, numbered_name

_HINT = "Check the number (ls /dev/video*), the cable, and that no other program holds the camera."


class CameraSource:
    """Frames of a camera until it is closed. Implements `Source`."""

    clock: ClockKind = "live"
    count: int | None = None
    single = False

    def __init__(self, number: int) -> None:
        """Open camera `number`. Raises VideoError or MissingDependency."""
        cv2 = import_cv2()
        self._number = number
        self._capture = cv2.VideoCapture(number)
        self._guard = Guard(self._capture.release)
        if not self._capture.isOpened():
            raise VideoError(f"camera {number} cannot be opened", _HINT)
        self.rate: float | None = self._capture.get(cv2.CAP_PROP_FPS) or None

    def __iter__(self) -> Iterator[SourceFrame]:
        start = time.monotonic()
        index = 0
        while True:
            with self._guard.reading() as is_open:
                if not is_open:
                    return
                arrived, bgr = self._capture.read()
            if not arrived:
                raise VideoError(f"camera {self._number} stopped after {index} frames", _HINT)
            rgb = np.ascontiguousarray(bgr[..., ::-1])
            yield SourceFrame(rgb, index, time.monotonic() - start, numbered_name(index))
            index += 1

    def close(self) -> None:
        """Release the camera, from any thread: at once, or after the read that is going on.

        A second call does nothing.
        """
        self._guard.close()
