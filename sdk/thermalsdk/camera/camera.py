"""A thermal camera: radiance of a scene in, apparent temperature and display out."""

from __future__ import annotations

import functools
import math
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from thermalsdk.camera.capture import Capture
from thermalsdk.camera.config import CameraConfig
from thermalsdk.camera.detector import DeadPixels, SpatialPattern, TemporalNoise
from thermalsdk.camera.digitiser import Converter
from thermalsdk.camera.files import config_hash, read_config, read_preset
from thermalsdk.camera.gain import open_gain
from thermalsdk.camera.optics import Falloff, PointSpread, averaged, size_on_detector
from thermalsdk.camera.shutter import Moment, moment
from thermalsdk.documents import SUFFIXES
from thermalsdk.errors import CameraError, OptionError

if TYPE_CHECKING:
    from thermalsdk.frame import Frame

Float32 = npt.NDArray[np.float32]

#: NETD is given at this temperature of the scene.
_NETD_KELVIN = 300.0
#: Pictures per second of a camera without a rate of its own, where frames have no times.
_DEFAULT_HZ = 30.0
#: Radiance of pixels that are stuck where there is no converter: black bodies of these temperatures.
_STUCK_KELVIN = (233.15, 413.15)


Size = tuple[int, int]


class Camera:
    """One camera with its state: the clock of its shutter, its fixed pattern, and its gain.

    The stages act in this order, on radiance: averaging down to the detector's pixels, blur, vignetting,
    temporal noise, fixed pattern with drift, dead pixels, digitising; then apparent temperature, gain,
    polarity and palette. The same frames at the same times give the same pictures, bit for bit.

    Args:
        config: what kind of camera it is.
        seed: which one of its kind: its noise, fixed pattern and dead pixels.

    Raises CameraError for a seed that is no integer of at least 0.
    """

    def __init__(self, config: CameraConfig, seed: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise CameraError(f"the seed is {seed!r}", "Give a whole number of at least 0.")
        self.config = config
        self.seed = int(seed)
        #: Hash of configuration and seed; every capture holds it.
        self.hash = config_hash(config, self.seed)
        slope = config.band.slope_at(_NETD_KELVIN)
        self._slope = slope
        self._noise = None if config.noise is None else TemporalNoise(config.noise, slope, self.seed)
        self._converter = None if config.digitiser is None else Converter(config.digitiser, config.band)
        self._lock = threading.Lock()
        self._fitted: tuple[Size, Size] | None = None
        self.restart()

    @classmethod
    def preset(cls, name: str, seed: int = 0) -> Camera:
        """Make a camera that ships, such as "boson640". Raises CameraError, which lists the names."""
        return cls(read_preset(name), seed)

    @classmethod
    def load(cls, path: str | Path, seed: int = 0) -> Camera:
        """Read a .yaml or .json file. Raises CameraError naming the field that cannot be used."""
        return cls(read_config(Path(path)), seed)

    @classmethod
    def open(cls, name_or_file: str, seed: int = 0) -> Camera:
        """Read a .yaml or .json file, or make the camera of that name. Raises CameraError."""
        if Path(name_or_file).suffix.lower() in SUFFIXES:
            return cls.load(name_or_file, seed)
        return cls.preset(name_or_file, seed)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def restart(self, index: int = 0) -> None:
        """Switch it off and on: time, gain and fixed pattern start anew.

        index: number of its next picture, from which that one's temporal noise follows. A camera that sees
            pictures in any order gives each of them a number of its own, and the same picture every time.

        Raises OptionError for a number below 0.
        """
        if index < 0:
            raise OptionError(f"index={index!r}", "Give the number of the next picture, 0 or more.")
        self._first_index = index
        self._last: Capture | None = None
        self.cut()

    def cut(self) -> None:
        """Say that the next scene has nothing to do with the one before, as among pictures of a folder.

        The gain starts anew, and no former picture is shown again; time and noise go on.
        """
        self._gain = open_gain(self.config)
        self._exposed_at: int | None = None
        self._may_hold = False

    def view(self, frame: Frame, time_s: float | None = None) -> Frame:
        """The frame as this camera sees it.

        Args:
            frame: a frame of the synthesizer; its surfaces say what is not black.
            time_s: seconds since the camera started, not before the frame that it saw last; None for one
                picture later.

        Returns the frame with `capture` set: its apparent, raw16 and display are the camera's, in the size
        of its detector. Raises CameraError when time runs backwards or is no number.
        """
        start = time.perf_counter()
        if frame.surfaces is None:
            radiance = self.config.band.radiance(frame.kelvin)
        else:
            radiance = frame.surfaces.radiance(frame.kelvin, frame.labels, self.config.band)
        capture = self.capture(radiance, time_s)
        elapsed = (time.perf_counter() - start) * 1e3
        timing = replace(frame.timing, camera=elapsed, total=frame.timing.total + elapsed)
        return replace(frame, capture=capture, timing=timing)

    def capture(self, radiance: Float32, time_s: float | None = None) -> Capture:
        """Take a picture.

        Args:
            radiance: of the scene in the camera's band, float32 HxW, W m^-2 sr^-1.
            time_s: as for `view`.

        Raises CameraError when time runs backwards or is no number.
        """
        radiance = np.asarray(radiance, np.float32)
        with self._lock:
            now = self._now(time_s)
            state = moment(now, self.config.frame_rate, self.config.ffc)
            if self._last is not None and self._may_hold and (state.frozen or self._was_exposed(state)):
                self._last = replace(self._last, index=self._last.index + 1, time_s=now, held=True)
                return self._last
            self._exposed_at = state.exposure
            self._may_hold = True
            self._last = self._exposed(radiance, now, state)
            return self._last

    def _now(self, time_s: float | None) -> float:
        if time_s is not None and not math.isfinite(time_s):
            raise CameraError(f"time_s is {time_s}", "Give seconds, or None for one picture later.")
        if self._last is None:
            return 0.0 if time_s is None else time_s
        if time_s is None:
            rate = self.config.frame_rate
            return self._last.time_s + 1.0 / (_DEFAULT_HZ if rate is None else rate.hz)
        if time_s < self._last.time_s:
            raise CameraError(
                f"the frame at {time_s:g} s is older than the one before it, at {self._last.time_s:g} s",
                "Call camera.restart() before another recording.",
            )
        return time_s

    def _was_exposed(self, state: Moment) -> bool:
        return state.exposure is not None and state.exposure == self._exposed_at

    def _exposed(self, radiance: Float32, now: float, state: Moment) -> Capture:
        index = self._first_index if self._last is None else self._last.index + 1
        apparent = self._apparent(radiance, index, state)
        return Capture(
            apparent=apparent,
            tone=self._gain(apparent),
            black_hot=self.config.polarity == "black_hot",
            palette=self.config.palette,
            camera=self.config.name,
            camera_hash=self.hash,
            index=index,
            time_s=now,
            held=False,
        )

    def _apparent(self, radiance: Float32, index: int, state: Moment) -> Float32:
        """Every stage on the radiance of a scene; apparent temperature, float32 HxW of the detector."""
        config = self.config
        scene = size = (radiance.shape[0], radiance.shape[1])
        if config.resolution is not None:
            size = size_on_detector(scene, config.resolution)
        if (scene, size) != self._fitted:
            self._fit(scene, size)
        seen = averaged(radiance, size)
        seen = self._spread(seen) if self._spread is not None else seen.copy()
        if self._falloff is not None:
            self._falloff.apply(seen)
        if self._noise is not None:
            self._noise.add(seen, index)
        if self._pattern is not None:
            self._pattern.add(seen, state.correction, state.minutes)
        if self._dead is not None:
            self._dead.apply(seen)
        if self._converter is None:
            return config.band.kelvin(seen)
        return self._converter.kelvin(self._converter.counts(seen))

    def _fit(self, scene: Size, size: Size) -> None:
        """Make the stages that depend on the size of the frame, (H, W) of the scene and on the detector."""
        config = self.config
        self._fitted = (scene, size)
        averaged = math.sqrt(scene[0] * scene[1] / (size[0] * size[1]))
        self._spread = None if config.blur is None else PointSpread(config.blur, averaged)
        self._falloff = None if config.vignetting is None else Falloff(config.vignetting, size, config.band)
        self._pattern = None
        if config.fixed_pattern is not None or config.drift is not None:
            self._pattern = SpatialPattern(config.fixed_pattern, config.drift, self._slope, self.seed, size)
        self._dead = None
        if config.bad_pixels is not None:
            self._dead = DeadPixels(config.bad_pixels, self._stuck_radiance, self.seed, size)

    @functools.cached_property
    def _stuck_radiance(self) -> tuple[float, float]:
        if self._converter is not None:
            return self._converter.low, self._converter.high
        low, high = _STUCK_KELVIN
        return self.config.band.radiance_at(low), self.config.band.radiance_at(high)
