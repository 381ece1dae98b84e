"""The public face: load a bundle once, then turn colour frames into thermal frames."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from thermalsdk.backends import Backend, choose_backend
from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.errors import ClosedError
from thermalsdk.frame import Frame
from thermalsdk.info import Info
from thermalsdk.inputs import check_camera, check_instance_names, check_label_ids
from thermalsdk.labels import BUNDLE, LabelIds
from thermalsdk.networks import Networks
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.request import Request
from thermalsdk.steps import synthesize
from thermalsdk.streaming import (
    STEADINESS,
    Finish,
    FrameRequests,
    Stream,
    check_in_flight,
    open_filter,
    side_by_side,
)
from thermalsdk.temperatures import TemperatureChoice, Temperatures, TemperaturesInTime, check_choice

if TYPE_CHECKING:
    from thermalsdk.camera import Camera
    from thermalsdk.video import FrameReader, SourceFrame, SourceLike

_WARMUP_SIZE = (256, 256)
#: Frames of a recording that are made at the same time; each holds memory of its own.
_IN_FLIGHT = 4


class Synthesizer:
    """Thermal frames out of colour frames. Made by `load`; threads may share it and take turns.

    A pickle of it holds what `load` was asked for, and loads again. What a forked child has of its parent's
    raises ClosedError: the threads behind it are the parent's.
    """

    def __init__(
        self, bundle: Bundle, backend: Backend, networks: Networks, info: Info, asked: Mapping[str, Any]
    ) -> None:
        """Take all of it over. `asked`: the arguments of `load`."""
        self._asked = asked
        self._is_of_parent = False
        _LOADED.add(self)
        self._bundle = bundle
        self._backend = backend
        self._networks: Networks | None = networks
        self._info = info
        self._lock = threading.Lock()
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()

    @classmethod
    def load(
        cls,
        bundle: str | Path = "street",
        *,
        device: str = "auto",
        backend: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        processing_resolution: int | None = None,
        warmup: bool = True,
    ) -> Synthesizer:
        """Load a bundle.

        Args:
            bundle: name of a shipped bundle, or a bundle folder.
            device: "auto", "cpu" or "cuda:0"; anything but "auto" is obeyed or refused.
            backend: "auto", "onnxruntime" or "tensorrt"; likewise.
            precision: "auto", "fp32", "fp16" or "int8"; likewise.
            threads: CPU threads, or None for the cores this process may use (at most 8).
            processing_resolution: shorter side, in pixels, of frames as the networks see them, 64 or more, or
                None for what the bundle knows best. Larger frames are reduced by the whole factor that comes
                nearest; outlines stay at the frame's own size. Less of it is faster, at the price of detail.
            warmup: run one frame at once, so that the first of the caller's frames is not the slow one.

        Raises BundleError, BackendUnavailable, EnvironmentConflict or OptionError; with TensorRT, whose first
        load builds engines, also EngineError, OutputError or MissingDependency.
        """
        opened = Bundle.open(bundle)
        if processing_resolution is not None:
            opened = opened.seen_at(processing_resolution)
        chosen = choose_backend(opened, device=device, backend=backend, precision=precision, threads=threads)
        try:
            networks, how = Networks.open(opened, chosen)
            asked = {
                "bundle": bundle if bundle in shipped_bundles() else opened.path.absolute(),
                "device": device,
                "backend": backend,
                "precision": precision,
                "threads": threads,
                "processing_resolution": processing_resolution,
                "warmup": warmup,
            }
            synthesizer = cls(opened, chosen, networks, Info.of(opened, chosen, how), asked)
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
        label_ids: LabelIds = "bundle",
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
            label_ids: numbering of `labels`: "bundle", a shipped table such as "cityscapes", the path of a
                .json file, or a thermalsdk.labels.LabelTable.
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
        check_camera(camera)
        request = Request.checked(
            frame,
            self._info.classes,
            color=color,
            labels=labels,
            label_ids=label_ids,
            instances=instances,
            instance_names=instance_names,
            temperatures=temperatures,
            thermal_labels=thermal_labels,
            out=out,
        )
        made = self._make(request)
        return made if camera is None else camera.view(made)

    def _make(self, request: Request) -> Frame:
        with self._lock:
            return synthesize(self._opened(), request, self._info.classes)

    def stream(
        self,
        source: SourceLike,
        *,
        policy: str = "latest",
        color: str = "rgb",
        label_ids: LabelIds = "bundle",
        instance_names: Mapping[int, str] | None = None,
        temperatures: TemperatureChoice | TemperaturesInTime = "auto",
        camera: Camera | None = None,
        steadiness: float = STEADINESS,
        follow_motion: bool = False,
        in_flight: int | None = None,
    ) -> Stream:
        """Thermal frames of a moving source, with automatic gain that follows the scene slowly.

        Args:
            source: video file, picture, folder of pictures, camera number, stream address, iterable of
                frames, or anything that `thermalsdk.video.open_source` returned.
            policy: "all" for every frame, however late; "latest" for the newest one, as a live camera
                needs: what arrives while a frame is being worked on replaces its predecessor, video files
                play at their own speed, and `frame.dropped` counts what was skipped. Pictures and folders
                have no clock, and none of theirs is dropped.
            color: channel order of an iterable's frames; every other source is RGB.
            label_ids: numbering of the class maps that come with the source's frames, as for a call.
            instance_names: names of the ids in their instance maps, likewise.
            temperatures: as for a single frame; "auto" keeps the predictions steady where the source moves,
                unless `steadiness` is 0.
                Or a function from the number of a frame to its Temperatures, which may change at any time.
            camera: what looks at the surfaces; it starts anew, keeps the source's time, and has a gain of its
                own in place of the automatic one.
            steadiness: share of its former temperature that a pixel keeps where the colours stand still, 0 to
                less than 1; 0 shows every frame as a call would. Pictures and folders are never filtered.
            follow_motion: let what moves keep that share as well, along the optical flow of the colours, as a
                moving camera needs. Takes some milliseconds a frame, and OpenCV.
            in_flight: frames that are made at the same time, each by its share of the CPU threads: more of
                them a second, and each of them later. None is as many as there are threads, at most four,
                where nobody waits for a frame (pictures, and files under "all"), and one everywhere else. The
                frames are the same.

        Returns an iterator of frames with `index`, `dropped`, `source` and, where the source moves, `limits`
        set; close it when leaving early, from any thread. It raises VideoError, and all that a call raises,
        after all earlier frames. Raises OptionError, VideoError and MissingDependency at once.
        """
        from thermalsdk.video import open_source, read_frames
        from thermalsdk.video.policy import check_policy

        check_policy(policy)
        check_camera(camera)
        table = check_label_ids(label_ids, self._info.classes)
        check_instance_names(instance_names)
        if not callable(temperatures):
            check_choice(temperatures, False)
        check_in_flight(in_flight, self._most_in_flight)
        steady = open_filter(steadiness, follow_motion)
        self._opened()
        opened = open_source(source, color=color)
        try:
            moves = opened.clock != "none"
            if isinstance(temperatures, str) and moves and steadiness > 0:
                temperatures = PredictedTemperatures()
            if in_flight is None:
                awaited = opened.clock == "live" or (policy == "latest" and moves)
                in_flight = 1 if awaited else min(self._most_in_flight, _IN_FLIGHT)
            requests = FrameRequests(self._info.classes, table or BUNDLE, instance_names, temperatures)
            finish = Finish(moves, steady, camera)
            return self._stream_of(read_frames(opened, policy), requests, finish, in_flight)
        except BaseException:
            opened.close()
            raise

    def _stream_of(
        self, given: FrameReader, requests: FrameRequests, finish: Finish, in_flight: int
    ) -> Stream:
        stream = Stream(given, self._frames_of(given, requests, finish, in_flight), self._opened)
        with self._lock:
            self._opened()
            self._streams.add(stream)
        return stream

    def _frames_of(
        self, frames: FrameReader, requests: FrameRequests, finish: Finish, in_flight: int
    ) -> Generator[Frame, None, None]:
        made = self._one_by_one if in_flight == 1 else partial(self._side_by_side, in_flight)
        with closing(frames), closing(made(frames, requests)) as pairs:
            for given, frame in pairs:
                yield finish(given, frame)

    def _one_by_one(
        self, frames: Iterable[SourceFrame], requests: FrameRequests
    ) -> Generator[tuple[SourceFrame, Frame], None, None]:
        for given in frames:
            yield given, self._make(requests.of(given)())

    def _side_by_side(
        self, in_flight: int, frames: Iterable[SourceFrame], requests: FrameRequests
    ) -> Generator[tuple[SourceFrame, Frame], None, None]:
        def open_networks() -> list[Networks]:
            return Networks.open_side_by_side(self._bundle, self._backend, in_flight)

        for pair in side_by_side(frames, requests, open_networks):
            self._opened()
            yield pair

    @property
    def _most_in_flight(self) -> int:
        """A GPU works on one thing at a time."""
        return self._info.threads if self._info.device == "cpu" else 1

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
        """End the streams and free the graphs; any use but another `close` raises ClosedError then."""
        with self._lock:
            networks, self._networks = self._networks, None
            streams = list(self._streams)
        try:
            _end_at_once(streams)
        finally:
            if networks is not None:
                networks.close()
                self._backend.close()

    def __enter__(self) -> Synthesizer:
        self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[partial[Synthesizer], tuple[()]]:
        return partial(Synthesizer.load, **self._asked), ()

    def _leave_to_parent(self) -> None:
        """In a forked child: be closed, and free nothing, as threads that it lacks would be waited for."""
        _OF_PARENT.append((self._networks, self._backend, *self._streams))
        self._networks = None
        self._is_of_parent = True
        self._lock = threading.Lock()  # a thread of the parent's may have held the former one

    def _opened(self) -> Networks:
        if self._is_of_parent:
            raise ClosedError(
                "this Synthesizer was loaded before the process was forked, and works in the parent alone",
                "Load one in the child: there call Synthesizer.load, or unpickle one, as processes that are "
                "started with 'spawn' do.",
            )
        if self._networks is None:
            raise ClosedError("this Synthesizer is closed", "Load another one with Synthesizer.load.")
        return self._networks


#: All synthesizers; and what children never free of those of their parents.
_LOADED: weakref.WeakSet[Synthesizer] = weakref.WeakSet()
_OF_PARENT: list[object] = []


def _leave_all_to_parent() -> None:
    for synthesizer in list(_LOADED):
        synthesizer._leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)


def _end_at_once(streams: Sequence[Stream]) -> None:
    """End every stream; each may have to wait for a read that is going on."""
    if streams:
        with ThreadPoolExecutor(len(streams), "thermalsdk-end") as pool:
            for ended in [pool.submit(stream.end) for stream in streams]:
                ended.result()
