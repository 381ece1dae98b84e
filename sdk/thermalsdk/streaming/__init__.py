"""What a stream adds to calls: several frames in flight, their order, and what they owe to former ones."""

from thermalsdk.streaming.finish import Finish
from thermalsdk.streaming.requests import FrameRequests
from thermalsdk.streaming.side_by_side import check_in_flight, side_by_side

__all__ = ["Finish", "FrameRequests", "check_in_flight", "side_by_side"]
