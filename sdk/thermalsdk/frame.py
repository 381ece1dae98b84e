"""What a call of the synthesizer returns."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.display import LinearTone, check_limits, coloured, gain_limits
from thermalsdk.temperatures.surfaces import Surfaces

if TYPE_CHECKING:
    from thermalsdk.camera.capture import Capture
    from thermalsdk.video import SourceFrame

_LOG = logging.getLogger("thermalsdk")
_PALETTE = "ironbow"
_HIGHEST_COUNT = 65535


@functools.cache
def _say_saturated() -> None:
    _LOG.warning("raw16 ends at 655.35 K, and a frame is hotter: frame.apparent has all of it")


@dataclass(frozen=True)
class Timing:
    """Wall-clock milliseconds of every stage of one frame; a stage that did not run took 0.

    Args:
        prepare: checks, the wait for frames of other threads, padding, conversion of the frame to planes.
        segmenter: class map out of the frame, when none was given.
        temperatures: objects and regions of the class map, unless it is the former frame's; the thermal
            segmentation R, the labeller included, when it ran.
        encoder: features of the frame; 0 where encoder and layers run at once.
        layers: contrast of every class in the frame, its condition included.
        composite: layers and R put together.
        total: the whole call.
        classes: milliseconds of one thread by class that was run. Layers run side by side, so these may add
            up to more than `layers`; there are none where all layers run at once.
        camera: what a camera made of it, when there was one.
    """

    prepare: float
    segmenter: float
    temperatures: float
    encoder: float
    layers: float
    composite: float
    total: float
    classes: Mapping[str, float]
    camera: float = 0.0


@dataclass(frozen=True, eq=False)
class Frame:
    """One thermal frame. The arrays belong to the frame; with `out=`, `kelvin` is the caller's array.

    apparent, raw16, display and colours are computed when they are first asked for. Without emissivities and
    without a camera, apparent is `kelvin` itself. With a camera they are the camera's, in the size of its
    detector.

    Args:
        kelvin: float32 HxW, surface temperature.
        labels: uint8 HxW, the class map that was used, in the bundle's ids.
        thermal_labels: float32 HxW, the thermal segmentation R that was used, in kelvin.
        timing: milliseconds per stage.
        limits: kelvin shown as 0 and 255, or None for this frame's own percentiles. A stream sets them where
            its source moves.
        index: number of the frame in its source, from 0.
        dropped: frames of the source that were skipped just before this one.
        surfaces: emissivity and reflections by class, or None where all is black.
        capture: what a camera made of it, or None.
        source: what a stream made it of: the colours `rgb`, `time_s`, `name`; None for a call's frame.
    """

    kelvin: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    thermal_labels: npt.NDArray[np.float32]
    timing: Timing
    limits: tuple[float, float] | None = None
    index: int = 0
    dropped: int = 0
    surfaces: Surfaces | None = None
    capture: Capture | None = None
    source: SourceFrame | None = None

    @functools.cached_property
    def apparent(self) -> npt.NDArray[np.float32]:
        """What a radiometer reads after emissivity, reflection and camera: float32 HxW, kelvin."""
        if self.capture is not None:
            return self.capture.apparent
        return self.kelvin if self.surfaces is None else self.surfaces.apparent(self.kelvin, self.labels)

    @property
    def camera_hash(self) -> str | None:
        """Hash of the camera's configuration and seed, or None without a camera."""
        return None if self.capture is None else self.capture.camera_hash

    @functools.cached_property
    def raw16(self) -> npt.NDArray[np.uint16]:
        """Radiometric picture: uint16 HxW, 0.01 K per count, 0 at 0 K. Ends at 655.35 K, and warns."""
        counts = compositing.raw16(self.apparent)
        if (counts == _HIGHEST_COUNT).any():
            _say_saturated()
        return counts

    @functools.cached_property
    def display(self) -> npt.NDArray[np.uint8]:
        """Grey picture after automatic gain: uint8 HxW, hot is white unless a camera's polarity says else."""
        if self.capture is not None:
            return self.capture.display
        low, high = self.limits if self.limits is not None else gain_limits(self.apparent)
        return compositing.agc_linear(self.apparent, low, high)

    def colorize(
        self, name: str | None = None, limits: tuple[float, float] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Display in the colours of a palette: uint8 HxWx3, RGB.

        Args:
            name: of a palette; None for the camera's, or ironbow without a camera.
            limits: kelvin shown as the first and the last colour, so that frames can be compared; None for
                the gain of the frame, its stream or its camera.

        Raises OptionError for an unknown name, and for limits that do not rise.
        """
        if name is None:
            name = _PALETTE if self.capture is None else self.capture.palette
        return coloured(self.display if limits is None else self._grey_between(limits), name)

    def _grey_between(self, limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
        tone = LinearTone(*check_limits(limits))
        if self.capture is not None:
            return replace(self.capture, tone=tone).display
        return tone.grey(self.apparent)
