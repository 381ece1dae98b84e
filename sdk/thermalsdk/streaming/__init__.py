"""What a stream adds to calls: several frames in flight, their order, and what they owe to former ones."""

from thermalsdk.streaming.finish import Finish
from thermalsdk.streaming.requests import FrameRequests
from thermalsdk.streaming.side_by_side import check_in_flight, side_by_side
from thermalsdk.streaming.steadiness import STEADINESS, open_filter
from thermalsdk.streaming.stream import Stream

__all__ = [
    "STEADINESS",
    "Finish",
    "FrameRequests",
    "Stream",
    "check_in_flight",
    "open_filter",
    "side_by_side",
]
