"""The interface between the synthesizer and whatever executes ONNX graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thermalsdk.bundle import GraphSpec


class Graph(Protocol):
    """One graph of the bundle, ready to run. It may be run from several threads."""

    spec: GraphSpec

    def run(
        self, inputs: Mapping[str, npt.NDArray[np.float32]], outputs: Mapping[str, npt.NDArray[np.float32]]
    ) -> None:
        """Run once on C-contiguous inputs and write every output into the array of its name.

        Raises InferenceError, also when an array has not the shape that the output has.
        """

    def close(self) -> None:
        """Free what it holds; it cannot be run afterwards. A second call does nothing."""


class Backend(Protocol):
    """Opens the graphs of one bundle on one device at one precision."""

    name: str
    device: str
    precision: str
    providers: tuple[str, ...]
    threads: int
    reason: str
    #: Sides in pixels, rising, that it likes the regions of the layers to have.
    region_sides: tuple[int, ...]
    #: Whether one launch of all layers on the whole frame may cost it less than one for every region.
    fuses: bool

    def precision_of(self, spec: GraphSpec) -> str:
        """Of which precision the twin is that a graph runs in; "fp32" is the graph itself."""

    def open(self, spec: GraphSpec, threads: int) -> Graph:
        """Make a graph ready to run, each run on so many CPU threads. It may be run from several threads.

        Raises BackendUnavailable, or BundleError when its file differs from spec.
        """

    def close(self) -> None:
        """Free what its graphs hold; they cannot be run afterwards."""
