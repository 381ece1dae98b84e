"""Moving pictures in and out. PyAV and OpenCV are imported where a file or camera is opened."""

from thermalsdk.video.background import BackgroundSink
from thermalsdk.video.display_sinks import DISPLAY_SUFFIXES, open_display_sink
from thermalsdk.video.opening import SourceLike, open_source
from thermalsdk.video.policy import FrameReader, read_frames
from thermalsdk.video.shared_frames import SharedFrame, SharedFrameReader, SharedFrameWriter
from thermalsdk.video.sinks import Sink
from thermalsdk.video.source import Source, SourceFrame

__all__ = [
    "DISPLAY_SUFFIXES",
    "BackgroundSink",
    "FrameReader",
    "SharedFrame",
    "SharedFrameReader",
    "SharedFrameWriter",
    "Sink",
    "Source",
    "SourceFrame",
    "SourceLike",
    "open_display_sink",
    "open_source",
    "read_frames",
]
