"""What the frames of a stream owe to those before them: a filter over time, then gain or a camera."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from thermalsdk.display import AutoGain
from thermalsdk.frame import Frame
from thermalsdk.streaming.temporal_filter import TemporalFilter, Told

if TYPE_CHECKING:
    from thermalsdk.camera import Camera
    from thermalsdk.video import SourceFrame


class Finish:
    """Finishes the frames of one stream, in order.

    Args:
        moves: whether each frame follows the one before it. Pictures have nothing to do with each other: they
            are not filtered, and each has a gain of its own.
        steady: filters a video over time; None for none.
        camera: starts anew, keeps the source's time, and has a gain of its own; None for a radiometer.
    """

    def __init__(self, moves: bool, steady: TemporalFilter | None, camera: Camera | None) -> None:
        self._filter = steady if moves else None
        self._moves = moves
        self._camera = camera
        self._auto_gain = AutoGain()
        if camera is not None:
            camera.restart()

    def __call__(self, given: SourceFrame, frame: Frame) -> Frame:
        """The next frame as the stream shows it."""
        if self._filter is not None:
            known = None if given.labels is None else frame.labels
            told = Told(frame.labels, frame.thermal_labels)
            frame = replace(frame, kelvin=self._filter(given.rgb, frame.kelvin, known, told))
        seen = self._seen_moving(given, frame) if self._moves else self._seen_alone(frame)
        return replace(seen, index=given.index, dropped=given.dropped, source=given)

    def _seen_moving(self, given: SourceFrame, frame: Frame) -> Frame:
        if self._camera is not None:
            return self._camera.view(frame, given.time_s)
        return replace(frame, limits=self._auto_gain(frame.apparent))

    def _seen_alone(self, frame: Frame) -> Frame:
        if self._camera is None:
            return frame
        self._camera.cut()
        return self._camera.view(frame)
