"""The graphs of one bundle, opened on one backend, and the steps that each of them makes of a frame.

The steps speak full frames of any size. What the networks see of them, reduced where they are large and
padded to the bundle's alignment, stays inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk import compositing
from thermalsdk.backends import Backend, Graph
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, TensorSpec
from thermalsdk.class_map import ClassMap, ClassMaps
from thermalsdk.contrasts import Contrasts
from thermalsdk.errors import BundleError, InferenceError
from thermalsdk.generators import ByRegion, Generator, choose_generator
from thermalsdk.padding import crop, pad
from thermalsdk.reduction import reduced, reduction, repeated
from thermalsdk.workspace import Workspace

#: Pixels per cell of the labeller's output, along each axis, of what it sees.
_TEMPERATURE_STRIDE = 8
_NOT_FINITE = "Use precision='fp32'; if it stays, write the bundle again with `python -m export`."
_GIVE_LABELS = "Pass labels=, the class map of the frame."
_GIVE_TEMPERATURES = "Pass temperatures=Temperatures(ambient=...), or thermal_labels=."


@dataclass(frozen=True)
class PreparedFrame:
    """A frame as the graphs take it.

    Args:
        size: (H, W) of the frame.
        reduction: pixels of it, along each axis, that the graphs see as one.
        rgb: uint8 hxwx3, reduced and padded.
        planes: float32 [1,3,h,w] in [0, 1], good until the next frame is prepared.
    """

    size: tuple[int, int]
    reduction: int
    rgb: npt.NDArray[np.uint8]
    planes: npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Parts:
    """What does not belong to a frame, so that frames may share it. `threads` are those of one frame."""

    manifest: Manifest
    region_sides: tuple[int, ...]
    segmenter: Graph | None
    labeller: Graph | None
    threads: int

    @classmethod
    def open(cls, bundle: Bundle, backend: Backend, threads: int) -> _Parts:
        manifest = bundle.manifest

        def opened(spec: GraphSpec | None) -> Graph | None:
            return None if spec is None else backend.open(spec, threads)

        graphs = manifest.graphs
        return cls(manifest, backend.region_sides, opened(graphs.segmenter), opened(graphs.labeller), threads)


class Networks:
    """Encoder, layers and, where the bundle has them, segmenter and labeller; one frame at a time."""

    def __init__(self, parts: _Parts, generator: Generator) -> None:
        self._manifest = parts.manifest
        self._segmenter = parts.segmenter
        self._labeller = parts.labeller
        self._threads = parts.threads
        self._generator = generator
        self._workspace = Workspace()
        self._class_maps = ClassMaps(parts.manifest, parts.region_sides)

    @classmethod
    def open(cls, bundle: Bundle, backend: Backend) -> tuple[Networks, str]:
        """Open every graph, and say how the layers are run and why.

        Raises BackendUnavailable, or BundleError for graphs unlike their manifest.
        """
        generator, how = choose_generator(bundle, backend)
        return cls(_Parts.open(bundle, backend, backend.threads), generator), how

    @classmethod
    def open_side_by_side(cls, bundle: Bundle, backend: Backend, count: int) -> list[Networks]:
        """Open every graph once, for `count` frames that a CPU makes at the same time.

        Each of them has its share of the backend's threads. Raises as `open` does.
        """
        threads = max(1, backend.threads // count)
        parts = _Parts.open(bundle, backend, threads)
        first = ByRegion.open(bundle, backend, threads)
        return [cls(parts, generator) for generator in (first, *(first.another() for _ in range(count - 1)))]

    def close(self) -> None:
        """Free the graphs, also those that it shares, and end the threads of the layers."""
        self._generator.close()
        for graph in (self._segmenter, self._labeller):
            if graph is not None:
                graph.close()

    def require(self, *, segmenter: bool, labeller: bool) -> None:
        """Raise BundleError when a call needs a graph that the bundle lacks."""
        if segmenter:
            _present(self._segmenter, "segmenter", _GIVE_LABELS)
        if labeller:
            _present(self._labeller, "labeller", _GIVE_TEMPERATURES)

    def prepare(self, rgb: npt.NDArray[np.uint8]) -> PreparedFrame:
        """Reduce, pad and convert a frame (uint8 HxWx3, C-contiguous)."""
        size = (rgb.shape[0], rgb.shape[1])
        factor = reduction(size, self._manifest.known_side_pixels)
        seen = pad(reduced(rgb, factor, self._threads), self._manifest.alignment)
        planes = self._workspace.array("rgb", (1, 3, *seen.shape[:2]))
        compositing.planes(seen, self._threads, planes[0])
        return PreparedFrame(size, factor, seen, planes)

    def segment(self, frame: PreparedFrame) -> npt.NDArray[np.uint8]:
        """Predict the class map, uint8 HxW.

        Raises BundleError without a segmenter, InferenceError when it gives values that are not finite.
        """
        segmenter = _present(self._segmenter, "segmenter", _GIVE_LABELS)
        outputs = self._arrays(segmenter.spec.outputs, frame)
        segmenter.run({"rgb": frame.planes}, outputs)
        logits = outputs["logits"][0]
        if not np.isfinite(logits.sum()):
            raise InferenceError(f"{segmenter.spec.file} gives values that are not finite", _NOT_FINITE)
        labels = compositing.labels_from_logits(logits, self._threads)
        return crop(repeated(labels, frame.reduction), frame.size)

    def analyse(self, labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16] | None) -> ClassMap:
        """Objects and regions of a class map HxW, with objects by `instances` (HxW) if there are any."""
        return self._class_maps.of(labels, instances)

    def predict_temperatures(self, frame: PreparedFrame, class_map: ClassMap) -> npt.NDArray[np.float32]:
        """Predict each object's temperature, float32 [objects], kelvin.

        Raises BundleError without a labeller.
        """
        labeller = _present(self._labeller, "labeller", _GIVE_TEMPERATURES)
        inputs = self._arrays(labeller.spec.inputs, frame)
        classes = len(self._manifest.classes)
        compositing.class_fractions(class_map.seen, classes, inputs["class_fractions"][0])
        compositing.planes_4(frame.rgb, self._threads, inputs["rgb_4"][0])
        outputs = self._arrays(labeller.spec.outputs, frame)
        labeller.run(inputs, outputs)
        stride = _TEMPERATURE_STRIDE * frame.reduction
        cells = (-(-frame.size[0] // stride), -(-frame.size[1] // stride))
        return compositing.object_means(class_map.objects, crop(outputs["temperature"][0, 0], cells), stride)

    def encode(self, frame: PreparedFrame) -> Mapping[str, npt.NDArray[np.float32]]:
        """What the layers need of the colours, by name; good until the next frame is encoded."""
        return self._generator.encode(frame.planes)

    def contrasts(
        self,
        encoded: Mapping[str, npt.NDArray[np.float32]],
        class_map: ClassMap,
        thermal_labels: npt.NDArray[np.float32],
    ) -> Contrasts:
        """Contrast of every class in the frame.

        Args:
            encoded: what `encode` returned.
            class_map: what `analyse` returned.
            thermal_labels: R, float32 HxW in kelvin.
        """
        return self._generator.contrasts(encoded, class_map, thermal_labels)

    def compose(
        self,
        class_map: ClassMap,
        contrasts: Contrasts,
        thermal_labels: npt.NDArray[np.float32],
        out: npt.NDArray[np.float32] | None,
    ) -> npt.NDArray[np.float32]:
        """Kelvin, float32 HxW, in `out` if given. Raises InferenceError when it is not finite."""
        kelvin = compositing.composite(
            class_map.objects,
            contrasts.regions.rows,
            contrasts.values,
            contrasts.sums,
            thermal_labels,
            self._manifest.contrast_kelvin,
            self._threads,
            out,
        )
        if not np.isfinite(kelvin.sum()):
            faulty = dict.fromkeys(
                self._manifest.classes[region.class_id]
                for index, region in enumerate(contrasts.regions.runs)
                if not np.isfinite(contrasts.of(index)).all()
            )
            raise InferenceError(
                f"the frame is not finite; at fault: {', '.join(faulty) or 'the predicted temperatures'}",
                _NOT_FINITE,
            )
        return kelvin if out is None else out

    def _arrays(
        self, tensors: Iterable[TensorSpec], frame: PreparedFrame
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Memory for tensors of what the graphs see of the frame, by name."""
        height, width = frame.rgb.shape[:2]
        return {t.name: self._workspace.array(t.name, t.shape_for(height, width)) for t in tensors}


def _present(graph: Graph | None, name: str, hint: str) -> Graph:
    if graph is None:
        raise BundleError(f"this bundle has no {name}", hint)
    return graph
