"""The public face: load a bundle once, then turn colour frames into thermal frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from thermalsdk.backends import choose_backend
from thermalsdk.bundle import Bundle
from thermalsdk.camera import Camera
from thermalsdk.display import AutoGain
from thermalsdk.errors import ClosedError
from thermalsdk.frame import Frame, Timing
from thermalsdk.info import Info
from thermalsdk.inputs import check_frame, check_instances, check_labels, check_out, check_thermal_labels
from thermalsdk.networks import Networks
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.still_filter import StillFilter
from thermalsdk.temperatures import TemperatureChoice, Temperatures, TemperaturesInTime, check_choice

if TYPE_CHECKING:
    from thermalsdk.video import SourceFrame, SourceLike

_WARMUP_SIZE = (256, 256)
#: Share of its former temperature that a still pixel of a stream keeps.
STEADINESS = 0.8


class Synthesizer:
    """Thermal frames out of colour frames. Made by `load`; threads may share it and take turns."""

    def __init__(self, networks: Networks, info: Info) -> None:
        self._networks: Networks | None = networks
        self._info = info
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        bundle: str | Path = "street",
        *,
        device: str = "auto",
        backend: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        warmup: bool = True,
    ) -> Synthesizer:
        """Load a bundle.

        Args:
            bundle: name of a shipped bundle, or a bundle folder.
            device: "auto", "cpu" or "cuda:0"; anything but "auto" is obeyed or refused.
            backend: "auto", "onnxruntime" or "tensorrt"; likewise.
            precision: "auto", "fp32", "fp16" or "int8"; likewise.
            threads: CPU threads, or None for the cores this process may use (at most 8).
            warmup: run one frame at once, so that the first of the caller's frames is not the slow one.

        Raises BundleError, BackendUnavailable, EnvironmentConflict or OptionError; with TensorRT, whose first
        load builds engines, also EngineError, OutputError or MissingDependency.
        """
        opened = Bundle.open(bundle)
        chosen = choose_backend(opened, device=device, backend=backend, precision=precision, threads=threads)
        try:
            networks = Networks(opened, chosen)
            synthesizer = cls(networks, Info.of(opened, chosen, networks.layers))
            if warmup:
                synthesizer.warmup()
        except BaseException:
            chosen.close()
            raise
        return synthesizer

    @property
    def info(self) -> Info:
        """What was loaded, on what, and why."""
        return self._info

    def __call__(
        self,
        frame: npt.ArrayLike,
        *,
        color: str = "rgb",
        labels: npt.ArrayLike | None = None,
        label_ids: str = "bundle",
        instances: npt.ArrayLike | None = None,
        instance_names: Mapping[int, str] | None = None,
        temperatures: TemperatureChoice = "auto",
        thermal_labels: npt.ArrayLike | None = None,
        camera: Camera | None = None,
        out: npt.NDArray[np.float32] | None = None,
    ) -> Frame:
        """Turn one colour frame into a thermal frame.

        Args:
            frame: uint8 HxWx3, H and W at least 64; any strides.
            color: "rgb" or "bgr", the order of its channels.
            labels: class map HxW of any integer type, or None to let the bundle's segmenter make it.
            label_ids: numbering of `labels`: "bundle", or a table of thermalsdk.labels such as "cityscapes".
            instances: instance map HxW, integers 0 to 65535. With it, an object is a pair of class and
                instance; without it, an object is a connected area of one class.
            instance_names: names of ids of the instance map, for temperatures that are given by name.
            temperatures: "auto" to let the bundle's labeller predict each object's mean, a
                PredictedTemperatures to keep these predictions steady along a video, or Temperatures.
            thermal_labels: the whole thermal segmentation R instead: floating point HxW, kelvin.
            camera: what looks at the surfaces, one picture later than the frame it saw before; None for a
                perfect radiometer.
            out: C-contiguous float32 HxW that receives, and becomes, the frame's kelvin.

        Returns the thermal frame. Its arrays are new, but for `out`.

        Raises ShapeError, DtypeError, LabelError, TemperatureError or OptionError before any work is done,
        BundleError when the bundle cannot predict what is missing, InferenceError, ClosedError.
        """
        start = time.perf_counter()
        rgb = check_frame(frame, color)
        size = (rgb.shape[0], rgb.shape[1])
        check_choice(temperatures, thermal_labels is not None)
        classes = self._info.classes
        if out is not None:
            check_out(out, size)
        given_labels = None if labels is None else check_labels(labels, size, label_ids, classes)
        given_instances = None if instances is None else check_instances(instances, size)
        given_map = None if thermal_labels is None else check_thermal_labels(thermal_labels, size)
        if isinstance(temperatures, Temperatures):
            temperatures.check(classes, given_instances is not None, instance_names is not None)
            temperatures = temperatures.resolved(instance_names or {})
        with self._lock:
            made = self._synthesize(start, rgb, given_labels, given_instances, temperatures, given_map, out)
        return made if camera is None else camera.view(made)

    def _synthesize(
        self,
        start: float,
        rgb: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.uint8] | None,
        instances: npt.NDArray[np.uint16] | None,
        temperatures: TemperatureChoice,
        thermal_labels: npt.NDArray[np.float32] | None,
        out: npt.NDArray[np.float32] | None,
    ) -> Frame:
        """Run every stage on checked inputs; `start` is when the call began."""
        networks = self._open_networks()
        networks.require(
            segmenter=labels is None,
            labeller=thermal_labels is None and not isinstance(temperatures, Temperatures),
        )
        clock = _Clock(start)
        prepared = networks.prepare(rgb)
        prepare_ms = clock.lap()
        segmenter_ms = 0.0
        if labels is None:
            labels = networks.segment(prepared)
            segmenter_ms = clock.lap()
        class_map = networks.analyse(labels, instances)
        surfaces = None
        if thermal_labels is None:
            if isinstance(temperatures, Temperatures):
                thermal_labels = class_map.thermal_labels(temperatures, self._info.classes)
                surfaces = temperatures.surfaces(self._info.classes)
            else:
                means = networks.predict_temperatures(prepared, class_map)
                if isinstance(temperatures, PredictedTemperatures):
                    means = temperatures.follow(labels, class_map.objects, means)
                thermal_labels = class_map.thermal_labels_of(means)
        temperatures_ms = clock.lap()
        encoded = networks.encode(prepared)
        encoder_ms = clock.lap()
        contrasts = networks.contrasts(encoded, class_map, thermal_labels)
        layers_ms = clock.lap()
        kelvin = networks.compose(class_map, contrasts.planes, thermal_labels, out)
        timing = Timing(
            prepare=prepare_ms,
            segmenter=segmenter_ms,
            temperatures=temperatures_ms,
            encoder=encoder_ms,
            layers=layers_ms,
            composite=clock.lap(),
            total=clock.total(),
            classes=contrasts.milliseconds,
        )
        return Frame(kelvin, labels, thermal_labels, timing, surfaces=surfaces)

    def stream(
        self,
        source: SourceLike,
        *,
        policy: str = "latest",
        color: str = "rgb",
        temperatures: TemperatureChoice | TemperaturesInTime = "auto",
        camera: Camera | None = None,
        steadiness: float = STEADINESS,
    ) -> Generator[Frame, None, None]:
        """Thermal frames of a moving source, with automatic gain that follows the scene slowly.

        Args:
            source: video file, picture, folder of pictures, camera number, stream address, iterable of
                frames, or anything that `thermalsdk.video.open_source` returned.
            policy: "all" for every frame, however late; "latest" for the newest one, as a live camera
                needs: what arrives while a frame is being worked on replaces its predecessor, video files
                play at their own speed, and `frame.dropped` counts what was skipped. Pictures and folders
                have no clock, and none of theirs is dropped.
            color: channel order of an iterable's frames; every other source is RGB.
            temperatures: as for a single frame; "auto" keeps the predictions steady where the source moves.
                Or a function from the number of a frame to its Temperatures, which may change at any time.
            camera: what looks at the surfaces; it starts anew, keeps the source's time, and has a gain of its
                own in place of the automatic one.
            steadiness: share of its former temperature that a pixel keeps where the colours stand still, 0 to
                less than 1; 0 shows every frame as a call would. Pictures and folders are never filtered.

        Yields frames with `index`, `dropped` and `limits` set. Raises VideoError, and all that a call raises.
        """
        from thermalsdk.video import open_source, read_frames

        if not callable(temperatures):
            check_choice(temperatures, False)
        still_filter = StillFilter(steadiness)
        self._open_networks()
        opened = open_source(source, color=color)
        frames = read_frames(opened, policy)
        moves = opened.clock != "none"
        if isinstance(temperatures, str) and moves:
            temperatures = PredictedTemperatures()
        if camera is not None:
            camera.restart()
        return self._frames_of(
            frames, temperatures, still_filter if moves and steadiness > 0 else None, camera, moves
        )

    def _frames_of(
        self,
        frames: Generator[SourceFrame, None, None],
        temperatures: TemperatureChoice | TemperaturesInTime,
        still_filter: StillFilter | None,
        camera: Camera | None,
        moves: bool,
    ) -> Generator[Frame, None, None]:
        auto_gain = AutoGain()
        with closing(frames):
            for given in frames:
                now = temperatures(given.index) if callable(temperatures) else temperatures
                frame = self(given.rgb, labels=given.labels, instances=given.instances, temperatures=now)
                if still_filter is not None:
                    frame = replace(frame, kelvin=still_filter(given.rgb, frame.kelvin))
                if camera is None:
                    frame = replace(frame, limits=auto_gain(frame.apparent))
                elif moves:
                    frame = camera.view(frame, given.time_s)
                else:
                    camera.cut()
                    frame = camera.view(frame)
                yield replace(frame, index=given.index, dropped=given.dropped)

    def warmup(self, count: int = 1, size: tuple[int, int] = _WARMUP_SIZE) -> None:
        """Run every graph `count` times on a made-up frame of `size` (H, W), so that later calls are fast."""
        height, width = size
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        stripes = np.arange(width) * len(self._info.classes) // width
        every_class = np.broadcast_to(stripes, size)
        alone = self._info.predicts_labels and self._info.predicts_temperatures
        for _ in range(count):
            self(noise, labels=every_class, temperatures=Temperatures(ambient=290.0))
            if alone:
                self(noise)

    def close(self) -> None:
        """Free the graphs. A second call does nothing; any other use afterwards raises ClosedError."""
        with self._lock:
            if self._networks is not None:
                self._networks.close()
            self._networks = None

    def __enter__(self) -> Synthesizer:
        self._open_networks()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_networks(self) -> Networks:
        if self._networks is None:
            raise ClosedError("this Synthesizer is closed", "Load another one with Synthesizer.load.")
        return self._networks


class _Clock:
    """Milliseconds between laps."""

    def __init__(self, start: float) -> None:
        self._start = self._last = start

    def lap(self) -> float:
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        return elapsed * 1e3

    def total(self) -> float:
        return (self._last - self._start) * 1e3
