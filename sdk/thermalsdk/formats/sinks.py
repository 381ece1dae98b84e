"""Where the thermal images of a stream are written."""

from __future__ import annotations

from pathlib import Path

from thermalsdk.formats.ffv1 import ThermalVideoSink
from thermalsdk.formats.files import STILL_SUFFIXES, save_still
from thermalsdk.formats.npz import ArchiveSink
from thermalsdk.formats.thermal_image import ThermalImage
from thermalsdk.video.sinks import Outputs, Sink
from thermalsdk.video.source import Source

_OUTPUTS = Outputs[ThermalImage](
    streams={".mkv": ThermalVideoSink, ".npz": ArchiveSink}, stills=STILL_SUFFIXES, save_still=save_still
)
THERMAL_SUFFIXES = _OUTPUTS.suffixes


def open_thermal_sink(path: str | Path, source: Source) -> Sink[ThermalImage]:
    """Open an output of temperatures: FFV1 (.mkv), .npz, a still, or, without suffix, a folder of PNG.

    source: decides whether one still is enough, and the rate of a video.

    Raises OutputError for a suffix that does not fit.
    """
    return _OUTPUTS.open(Path(path), source)
