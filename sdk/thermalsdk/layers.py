"""The layers of a frame: one network per class, run where its class is, several at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.backends import Graph
from thermalsdk.bundle import Manifest
from thermalsdk.class_map import ClassMap
from thermalsdk.conditions import CONDITION_STRIDE, write_conditions
from thermalsdk.contrasts import Contrasts
from thermalsdk.regions import Box, Region
from thermalsdk.workspace import Workspace

_CONDITION, _CONTRAST = "condition", "contrast"
Float32 = npt.NDArray[np.float32]


class Layers:
    """The layers of one bundle. Each run takes one thread; `threads` of them go on side by side."""

    def __init__(self, manifest: Manifest, graphs: Mapping[str, Graph], threads: int) -> None:
        self._manifest = manifest
        self._graphs = [graphs[name] for name in manifest.classes]
        self._workspace = Workspace()
        self._thread_local = threading.local()
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "thermalsdk-layer") if threads > 1 else None

    def close(self) -> None:
        """End the threads; a second call does nothing."""
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, features: Mapping[str, Float32], class_map: ClassMap, thermal_labels: Float32) -> Contrasts:
        """Contrast of every class in a frame.

        Args:
            features: what the encoder made of the frame.
            class_map: of the frame, HxW.
            thermal_labels: R, float32 HxW in kelvin.
        """
        regions = class_map.regions
        values = self._workspace.array(_CONTRAST, (regions.pixels,))
        contrasts = Contrasts.on(regions, values, class_map.objects.count, self._workspace)
        frame = _LayerInputs(features, self._conditions(class_map, thermal_labels), class_map)
        # The smallest last: a long run that starts last leaves the other threads idle.
        waiting = sorted(range(len(regions.runs)), key=lambda index: regions.runs[index].box.area)

        def work() -> None:
            """Take runs until none is left; several threads do so."""
            while True:
                try:
                    index = waiting.pop()
                except IndexError:
                    return
                start = time.perf_counter()
                self._run_on(regions.runs[index], frame, contrasts.of(index))
                contrasts.measure(index, class_map.objects)
                contrasts.spent[index] = time.perf_counter() - start

        self._on_all_threads(work)
        return contrasts

    def _conditions(self, class_map: ClassMap, thermal_labels: Float32) -> Float32:
        """What every layer is told of what it sees, [K,3,h/4,w/4]; good until the next frame."""
        height, width = (side // CONDITION_STRIDE for side in class_map.seen.shape)
        told = self._workspace.array(_CONDITION, (len(self._graphs), 3, height, width))
        write_conditions(self._manifest, class_map, thermal_labels, self._threads, told)
        return told

    def _on_all_threads(self, work: Callable[[], None]) -> None:
        """Do the work on this thread and the others at the same time; all have ended on return."""
        if self._pool is None:
            work()
            return
        others = [self._pool.submit(work) for _ in range(self._threads - 1)]
        try:
            work()
        finally:
            wait(others)
        for other in others:
            other.result()

    def _run_on(self, region: Region, frame: _LayerInputs, contrast: Float32) -> None:
        """Run one layer on one region."""
        workspace = self._own_workspace()
        inputs = {n: _part(f, region.box, frame.height, workspace, n) for n, f in frame.features.items()}
        rows, columns = region.box.cells(CONDITION_STRIDE * frame.reduction)
        told = frame.conditions[region.class_id, :, rows, columns]
        inputs[_CONDITION] = _contiguous(told, workspace, _CONDITION)
        made = contrast
        if frame.reduction > 1:
            made = workspace.array(_CONTRAST, tuple(side // frame.reduction for side in contrast.shape))
        self._graphs[region.class_id].run(inputs, {_CONTRAST: made[np.newaxis, np.newaxis]})
        if frame.reduction > 1:
            compositing.enlarge(made, frame.reduction, contrast)

    def _own_workspace(self) -> Workspace:
        """The calling thread's."""
        if not hasattr(self._thread_local, "workspace"):
            self._thread_local.workspace = Workspace()
        workspace: Workspace = self._thread_local.workspace
        return workspace


@dataclass(frozen=True)
class _LayerInputs:
    """Features and conditions [K,3,h/4,w/4] of what the layers see of a class map's frame, hxw."""

    features: Mapping[str, Float32]
    conditions: Float32
    class_map: ClassMap

    @property
    def reduction(self) -> int:
        """Pixels of the frame, along each axis, that the layers see as one."""
        return self.class_map.reduction

    @property
    def height(self) -> int:
        """Of the padded frame."""
        return self.class_map.seen.shape[0] * self.reduction


def _part(feature: Float32, box: Box, height: int, workspace: Workspace, name: str) -> Float32:
    """The box's part of a feature map [1,H/stride,W/stride,C], contiguous; a vector [1,C] has no parts.

    The frame's `height` tells the stride.
    """
    if feature.ndim == 2:
        return feature
    rows, columns = box.cells(height // feature.shape[1])
    return _contiguous(feature[0, rows, columns], workspace, name)


def _contiguous(part: Float32, workspace: Workspace, name: str) -> Float32:
    """A part [A,B,C] as [1,A,B,C]: itself if it is contiguous, as whole rows of a plane are, else a copy."""
    if not part.flags.c_contiguous:
        copy = workspace.array(name, part.shape)
        compositing.copy_part(part, copy)
        part = copy
    return part[np.newaxis]
