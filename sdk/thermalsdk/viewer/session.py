"""The running stream behind the page: next frame, controls, source; no network in it."""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk.display import AutoGain
from thermalsdk.errors import OptionError
from thermalsdk.formats import Provenance, ThermalImage, write_thermal
from thermalsdk.frame import Frame
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.viewer.feed import SCENE, FeedFrame
from thermalsdk.viewer.fetcher import Fetcher
from thermalsdk.viewer.settings import Settings

_JPEG_QUALITY = 88
_BINS = 48
#: Share of the former rate that stays at each frame, so that the number can be read.
_RATE_DAMPING = 0.9


@dataclass(frozen=True)
class Shot:
    """What the page shows.

    Args:
        rgb, thermal: JPEG files.
        facts: numbers beside them, for JSON.
    """

    rgb: bytes
    thermal: bytes
    facts: dict[str, Any]


class Session:
    """One stream. Any thread may call; calls take turns, but none waits for the source except `next_shot`.

    Args:
        synthesizer: is borrowed.
        source: "scene", or what `thermalsdk.video.open_source` takes as text.

    Raises VideoError or MissingDependency for a source that cannot be opened.
    """

    def __init__(self, synthesizer: Synthesizer, source: str = SCENE) -> None:
        self._synthesizer = synthesizer
        self._classes = synthesizer.info.classes
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # to take the next frame: held during the wait for the source
        self._settings = Settings()
        self._cursor: tuple[float, float] | None = None
        self._frame: Frame | None = None
        self._rate: float | None = None
        self._finished = time.perf_counter()
        self._camera = self._settings.open_camera()
        self._feed = Fetcher(source, self._classes)
        self._begin()

    @property
    def settings(self) -> Settings:
        """State of the controls."""
        return self._settings

    @property
    def source(self) -> str:
        """What the frames come from."""
        return self._feed.source

    def change(self, values: Mapping[str, Any]) -> None:
        """Move controls; the next frame follows. Raises OptionError, TemperatureError or CameraError."""
        with self._lock:
            settings = self._settings.changed(values)
            temperatures = settings.temperatures()
            if temperatures is not None:
                temperatures.check(self._classes, has_instances=False)
            if settings.optics() != self._settings.optics():
                self._camera = settings.open_camera()
            self._settings = settings

    def point_at(self, x: float | None, y: float | None) -> None:
        """Place the cursor, as shares of width and height from the upper left; None takes it away."""
        if x is None or y is None:
            self._cursor = None
            return
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise OptionError(f"the cursor is at {x}, {y}", "Give shares of width and height, 0 to 1.")
        self._cursor = (x, y)

    def open(self, source: str) -> None:
        """Take frames from elsewhere. Raises VideoError or MissingDependency, and goes on as before."""
        feed = Fetcher(source, self._classes)
        with self._lock:
            self._feed.close()
            self._feed = feed
            self._begin()

    def _begin(self) -> None:
        """Forget the former source's frames."""
        self._given: FeedFrame | None = None
        if self._camera is not None:
            self._camera.restart()

    def next_shot(self, patience_s: float | None = None) -> Shot | None:
        """Synthesize the next frame, or the same one again while paused.

        patience_s: seconds to wait for the source; None for as long as it takes.

        Returns None where no frame came in time, or the source was closed meanwhile. Raises what a stream
        raises.
        """
        with self._turn:
            feed = self._feed
            held = self._given if self._settings.paused else None
            given = feed.take(patience_s) if held is None else held
            with self._lock:
                if given is None or feed is not self._feed:
                    return None
                if held is None and given.cut:
                    self._cut()
                self._given = given
                return self._shot(given)

    def _shot(self, given: FeedFrame) -> Shot:
        frame = self._seen(self._made(given))
        self._frame = frame
        self._keep_time()
        return Shot(_jpeg(given.rgb), _jpeg(frame.colorize(self._settings.palette)), self._facts(frame))

    def _cut(self) -> None:
        """Let the next frame owe nothing to those before it, as a stream does with pictures."""
        self._predicted = PredictedTemperatures()
        self._auto_gain = AutoGain()
        if self._camera is not None:
            self._camera.cut()

    def snapshot(self) -> bytes:
        """The frame that is shown as a radiometric 16-bit PNG. Raises OptionError before the first frame."""
        with self._lock:
            if self._frame is None:
                raise OptionError("nothing has been shown yet", "Wait for the first frame.")
            provenance = Provenance.of(self._synthesizer.info, self._frame.camera_hash)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "thermal.png"
                write_thermal(path, ThermalImage.raw16(self._frame.raw16, provenance))
                return path.read_bytes()

    def close(self) -> None:
        """Free the source."""
        with self._lock:
            self._feed.close()

    def _made(self, given: FeedFrame) -> Frame:
        temperatures = self._settings.temperatures()
        return self._synthesizer(
            given.rgb,
            labels=given.labels,
            instances=given.instances,
            temperatures=self._predicted if temperatures is None else temperatures,
        )

    def _seen(self, frame: Frame) -> Frame:
        if self._camera is not None:
            return self._camera.view(frame)
        return replace(frame, limits=self._auto_gain(frame.apparent))

    def _keep_time(self) -> None:
        now = time.perf_counter()
        rate = 1.0 / max(now - self._finished, 1e-6)
        self._rate = rate if self._rate is None else _RATE_DAMPING * self._rate + (1 - _RATE_DAMPING) * rate
        self._finished = now

    def _facts(self, frame: Frame) -> dict[str, Any]:
        counts, edges = np.histogram(frame.apparent, _BINS)
        timing = frame.timing
        stages = ("prepare", "segmenter", "temperatures", "encoder", "layers", "composite", "camera", "total")
        return {
            "size": [frame.apparent.shape[1], frame.apparent.shape[0]],
            "fps": round(self._rate or 0.0, 1),
            "milliseconds": {stage: round(getattr(timing, stage), 1) for stage in stages},
            "classes": class_means(frame, self._classes),
            "range": [round(float(edges[0]), 2), round(float(edges[-1]), 2)],
            "histogram": counts.tolist(),
            "cursor": self._reading(frame),
        }

    def _reading(self, frame: Frame) -> dict[str, Any] | None:
        if self._cursor is None:
            return None
        height, width = frame.apparent.shape
        column, row = (min(int(s * n), n - 1) for s, n in zip(self._cursor, (width, height), strict=True))
        rows, columns = frame.labels.shape
        name = self._classes[frame.labels[row * rows // height, column * columns // width]]
        return {"kelvin": round(float(frame.apparent[row, column]), 2), "class": name}


def class_means(frame: Frame, classes: tuple[str, ...]) -> dict[str, float]:
    """Mean surface temperature of every class in the frame, kelvin."""
    areas = np.bincount(frame.labels.ravel(), minlength=len(classes))
    sums = np.bincount(frame.labels.ravel(), frame.kelvin.ravel(), minlength=len(classes))
    return {name: round(float(sums[k] / areas[k]), 2) for k, name in enumerate(classes) if areas[k]}


def _jpeg(picture: npt.NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
