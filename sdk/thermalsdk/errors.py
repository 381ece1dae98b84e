"""Every error that thermalsdk raises on purpose.

Each class has a section of the same name in docs/errors.md: when it occurs, what to check, how to fix it.
"""

from __future__ import annotations


class ThermalSDKError(Exception):
    """Root of the tree.

    Args:
        message: what went wrong, with the offending name and value.
        hint: the action or command that fixes it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        # Both go to Exception.args, so that the error survives pickling between processes.
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nHint: {self.hint}" if self.hint else self.message

    @property
    def documentation(self) -> str:
        """Where the section about this error is."""
        return f"docs/errors.md#{type(self).__name__.lower()}"


class BundleError(ThermalSDKError):
    """A bundle is absent, damaged, incomplete, or written for another schema version."""


class BackendUnavailable(ThermalSDKError):
    """The backend, device or precision that was asked for cannot be had on this machine."""


class EnvironmentConflict(BackendUnavailable):
    """Installed packages exclude each other, such as onnxruntime beside onnxruntime-gpu."""


class PrecisionError(BackendUnavailable):
    """An engine came out with less half precision than was asked for. It is not kept."""


class EngineError(ThermalSDKError):
    """TensorRT could not make an engine of a graph."""


class SelfTestError(ThermalSDKError):
    """A backend does not give the golden outputs of a bundle."""


class MissingDependency(ThermalSDKError):
    """An optional package that this call needs is not installed."""


class InferenceError(ThermalSDKError):
    """A graph of the bundle failed while it ran, or returned something unusable."""


class ClosedError(ThermalSDKError):
    """A Synthesizer, a source, a sink or shared frames were used after they were closed."""


class OptionError(ThermalSDKError):
    """An option has a value outside its list of choices."""


class InputError(ThermalSDKError):
    """An array that was handed in cannot be used."""


class ShapeError(InputError):
    """An array has the wrong number of dimensions, channels or pixels."""


class DtypeError(InputError):
    """An array holds the wrong type of number."""


class LabelError(InputError):
    """A class map holds an id that the bundle or the numbering does not know."""


class LabelTableError(LabelError):
    """A table from another numbering to the street classes is unknown or cannot be read."""


class TemperatureError(InputError):
    """A temperature is absent, out of range, ambiguous, or not in kelvin."""


class CameraError(ThermalSDKError):
    """The description of a thermal camera is unknown or makes no sense, or its time runs backwards."""


class VideoError(ThermalSDKError):
    """A video, picture, folder or camera cannot be read to its end."""


class FormatError(ThermalSDKError):
    """A file of temperatures is absent, damaged, or does not say what its counts mean."""


class LayoutError(ThermalSDKError):
    """A folder is not a data set in the layout that was named."""


class WorkerError(ThermalSDKError):
    """A worker process, or the cluster that it ran in, ended before its work."""


class OutputError(ThermalSDKError):
    """A result cannot be written where or as it was asked for."""
