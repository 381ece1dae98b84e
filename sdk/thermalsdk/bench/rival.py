"""Another network timed in the same process, so that a ratio means something on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.backends.onnxruntime import spinning
from thermalsdk.bench.pix2pix import PIX2PIX, pix2pix_model
from thermalsdk.errors import BundleError, InferenceError, OptionError


class Rival:
    """An ONNX network from one picture [1,3,H,W] to anything, in ONNX Runtime on the CPU.

    It gets its frame as float32 in [-1, 1]; its time holds no conversion, only the run.
    """

    def __init__(self, name: str, model: bytes | str, threads: int) -> None:
        """Open it. Raises BundleError for a network of another kind."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        for option, value in spinning(onnxruntime.__version__).items():  # as the run time's own graphs
            options.add_session_config_entry(f"session.{option}", value)
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the binding raises a dozen unrelated classes
            raise BundleError(f"{name} cannot be opened: {error}", "Name an ONNX file.") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise BundleError(f"{name} does not take one picture [1,3,H,W]", "Name another network.")
        self.name = name
        self._input = inputs[0].name
        self._frames: dict[int, npt.NDArray[np.float32]] = {}

    def prepare(self, rgb: npt.NDArray[np.uint8]) -> None:
        """Convert a frame before its time is taken."""
        planes = rgb.transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 127.5 - 1
        self._frames[id(rgb)] = np.ascontiguousarray(planes)

    def __call__(self, rgb: npt.NDArray[np.uint8]) -> None:
        """Run once on a frame that was prepared. Raises InferenceError."""
        try:
            self._session.run(None, {self._input: self._frames[id(rgb)]})
        except Exception as error:  # as above
            raise InferenceError(
                f"{self.name} stopped: {error}", "Bench at a size that it takes, such as --size 512x512."
            ) from error


def open_rival(name: str, threads: int) -> Rival:
    """Open "pix2pix" (its U-Net-256 with random weights: time does not depend on them), or an ONNX file.

    Raises OptionError, BundleError or MissingDependency.
    """
    if name == PIX2PIX:
        return Rival(name, pix2pix_model(), threads)
    if not Path(name).is_file():
        raise OptionError(f"--against {name!r} is neither a file nor {PIX2PIX!r}", "Name an ONNX file.")
    return Rival(Path(name).name, name, threads)
