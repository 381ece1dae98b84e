"""A thermal camera at the place of a colour and a segmentation camera."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from thermalsdk.adapters.carla.buffers import bgr, instance_ids, tags
from thermalsdk.adapters.pairing import Pairing
from thermalsdk.adapters.synthesize import Synthesize
from thermalsdk.errors import ClosedError, OptionError, VideoError
from thermalsdk.frame import Frame
from thermalsdk.labels import LabelIds

_LOG = logging.getLogger("thermalsdk")
SEGMENTATIONS = ("semantic", "instance")


@dataclass(frozen=True)
class ThermalImage:
    """A thermal frame with what `carla.SensorData` says of the colour image it was made of.

    Args:
        frame: number of the simulator's frame.
        timestamp: seconds of simulation.
        transform: `carla.Transform` of the camera in the world at that time.
        fov: horizontal field of view in degrees.
        thermal: the thermal frame; its `index` is `frame`, its `dropped` what was lost just before it.
    """

    frame: int
    timestamp: float
    transform: Any
    fov: float
    thermal: Frame


class ThermalCamera:
    """Thermal images of a pair of CARLA's cameras that stand in the same place.

    CARLA delivers each sensor in a thread of its own; images are brought together by the number of their
    frame, so that a thermal frame never mixes two moments.

    Attributes:
        dropped: pairs that were not read before newer ones took their place.

    """

    def __init__(
        self,
        rgb: Any,
        segmentation: Any,
        synthesize: Synthesize,
        *,
        label_ids: LabelIds,
        instances: bool = False,
        capacity: int = 8,
    ) -> None:
        """Listen to both cameras, which stay the caller's.

        Args:
            rgb: a `sensor.camera.rgb`.
            segmentation: a `sensor.camera.semantic_segmentation` or `sensor.camera.instance_segmentation` of
                the same size, place and `sensor_tick`.
            synthesize: a Synthesizer, or functools.partial of one.
            label_ids: numbering of the tags, see `tags_of_version`.
            instances: whether `segmentation` is an instance camera, whose ids then tell objects apart.
            capacity: pairs that wait to be read, and images of each camera that wait for their partner.
        """
        self._synthesize = synthesize
        self._label_ids = label_ids
        self._instances = instances
        self._pairing: Pairing[Any, Any] = Pairing(capacity)
        self._ready: deque[tuple[Any, Any]] = deque()
        self._capacity = capacity
        self._lost_before = 0
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0
        self._sensors = (rgb, segmentation)
        rgb.listen(self._take_rgb)
        segmentation.listen(self._take_segmentation)

    @property
    def unmatched(self) -> int:
        """Images that got no partner so far, such as when the cameras tick at different rates."""
        return self._pairing.unmatched

    def _take_rgb(self, image: Any) -> None:
        with self._changed:
            self._keep(self._pairing.add_first(image.frame, image))

    def _take_segmentation(self, image: Any) -> None:
        with self._changed:
            self._keep(self._pairing.add_second(image.frame, image))

    def _keep(self, pair: tuple[Any, Any] | None) -> None:
        if pair is None:
            return
        if len(self._ready) == self._capacity:
            self._ready.popleft()
            self.dropped += 1
        self._ready.append(pair)
        self._changed.notify_all()

    def read(self, frame: int | None = None, timeout: float = 2.0) -> ThermalImage:
        """Thermal image of the next pair, waiting for it.

        Args:
            frame: number that `world.tick()` returned, to read the image of that tick; older pairs are
                dropped and counted. None for the oldest pair that waits.
            timeout: seconds to wait.

        Raises VideoError when none arrives in time, ClosedError after `close`, and all that a call of the
        synthesizer raises.
        """
        rgb, segmentation, lost = self._next_pair(frame, timeout)
        made = self._synthesize(
            bgr(rgb),
            color="bgr",
            labels=tags(segmentation),
            label_ids=self._label_ids,
            instances=instance_ids(segmentation) if self._instances else None,
        )
        thermal = replace(made, index=rgb.frame, dropped=lost)
        return ThermalImage(rgb.frame, rgb.timestamp, rgb.transform, rgb.fov, thermal)

    def __iter__(self) -> Iterator[ThermalImage]:
        """Thermal images as they arrive. Raises as `read`."""
        while True:
            yield self.read()

    def _next_pair(self, frame: int | None, timeout: float) -> tuple[Any, Any, int]:
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._closed:
                self._drop_older_than(frame)
                if self._ready and (frame is None or self._ready[0][0].frame == frame):
                    rgb, segmentation = self._ready.popleft()
                    return rgb, segmentation, self._lost()
                if self._ready or not self._changed.wait(deadline - time.monotonic()):
                    raise VideoError(
                        f"CARLA sent no pair of images for {_named(frame)}; {timeout:g} s were given",
                        "Let the world tick, give both cameras the same sensor_tick, and read every tick.",
                    )
            raise ClosedError("this thermal camera is closed", "Attach another one.")

    def _drop_older_than(self, frame: int | None) -> None:
        while frame is not None and self._ready and self._ready[0][0].frame < frame:
            self._ready.popleft()
            self.dropped += 1

    def _lost(self) -> int:
        """Frames lost since the last read."""
        total = self.unmatched + self.dropped
        lost, self._lost_before = total - self._lost_before, total
        if lost:
            _LOG.warning("CARLA: %d frames were lost before this one", lost)
        return lost

    def close(self) -> None:
        """Stop listening. A second call does nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        for sensor in self._sensors:
            sensor.stop()

    def __enter__(self) -> ThermalCamera:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _named(frame: int | None) -> str:
    return "the next frame" if frame is None else f"frame {frame}"


@contextmanager
def attached(
    world: Any,
    parent: Any,
    transform: Any,
    synthesize: Synthesize,
    *,
    label_ids: LabelIds,
    segmentation: str = "instance",
    width: int = 800,
    height: int = 600,
    fov: float = 90.0,
    sensor_tick: float = 0.0,
) -> Iterator[ThermalCamera]:
    """Spawn both cameras on an actor, and destroy them at the end of the block.

    Args:
        world: `carla.World`.
        parent: the actor that carries them, or None for a fixed place.
        transform: `carla.Transform` relative to `parent`.
        synthesize: a Synthesizer, or functools.partial of one.
        label_ids: numbering of the tags, see `tags_of_version`.
        segmentation: "instance", which tells objects apart (CARLA 0.9.13 and newer), or "semantic".
        width: pixels of a row, CARLA's own default.
        height: rows, CARLA's own default.
        fov: horizontal field of view in degrees, CARLA's own default.
        sensor_tick: seconds of simulation between images; 0 for every tick.

    Raises OptionError for an unknown segmentation.
    """
    if segmentation not in SEGMENTATIONS:
        raise OptionError(
            f"segmentation={segmentation!r} is unknown", f"Choose one of {', '.join(SEGMENTATIONS)}."
        )
    settings = {"image_size_x": width, "image_size_y": height, "fov": fov, "sensor_tick": sensor_tick}
    sensors: list[Any] = []
    try:
        for kind in ("rgb", f"{segmentation}_segmentation"):
            blueprint = world.get_blueprint_library().find(f"sensor.camera.{kind}")
            for name, value in settings.items():
                blueprint.set_attribute(name, str(value))
            sensors.append(world.spawn_actor(blueprint, transform, attach_to=parent))
        rgb, tagged = sensors
        instances = segmentation == "instance"
        with ThermalCamera(rgb, tagged, synthesize, label_ids=label_ids, instances=instances) as camera:
            yield camera
    finally:
        for sensor in sensors:
            sensor.destroy()
