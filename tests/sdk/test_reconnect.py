"""Live sources that break and come back."""

import logging
import threading
import time

import pytest

from tests.sdk.conftest import moving_picture
from thermalsdk.errors import VideoError
from thermalsdk.video import SourceFrame, policy, read_frames, reconnect
from thermalsdk.video.reconnect import ReconnectingSource


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(reconnect, "_LONGEST_PAUSE_S", 0.002)


class Camera:
    """Gives so many frames and then breaks or ends."""

    clock, rate, count, single = "live", 30.0, None, False

    def __init__(self, frames, breaks=True):
        self.frames, self.breaks, self.released = frames, breaks, threading.Event()

    def __iter__(self):
        for index in range(self.frames):
            yield SourceFrame(moving_picture(index), index, index / 30, str(index))
        if self.breaks:
            raise VideoError("the cable was pulled")

    def close(self):
        self.released.set()


def opener(*plan):
    """Open the planned cameras in turn; None is a failure to open."""
    opened, left = [], list(plan)

    def open_once():
        camera = left.pop(0)
        if camera is None:
            raise VideoError("no route to the camera")
        opened.append(camera)
        return camera

    return open_once, opened


def test_frames_go_on_after_interruptions(caplog):
    open_once, opened = opener(Camera(3), None, Camera(2, breaks=False), Camera(4))
    source = ReconnectingSource(open_once)
    with caplog.at_level(logging.WARNING, "thermalsdk"):
        frames = []
        for frame in source:
            frames.append(frame)
            if len(frames) == 9:
                break
    source.close()
    assert [frame.index for frame in frames] == list(range(9))
    assert [frame.name for frame in frames][-1] == "000008"
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)
    assert all(camera.released.is_set() for camera in opened)
    lines = [record.message for record in caplog.records]
    assert len(lines) == 3
    assert "cable" in lines[0]
    assert "no route" in lines[1]
    assert "ended" in lines[2]


def test_a_source_that_stays_away_raises_its_last_error():
    open_once, _ = opener(Camera(1), *[None] * 1000)
    source = ReconnectingSource(open_once, give_up_after_s=0.02)
    with pytest.raises(VideoError, match="no route"):
        list(source)


def test_a_first_failure_is_the_callers():
    with pytest.raises(VideoError, match="no route"):
        ReconnectingSource(opener(None)[0])


def test_closing_ends_a_pause(monkeypatch):
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE_S", 30.0)
    source = ReconnectingSource(opener(Camera(1))[0])
    frames = iter(source)
    next(frames)
    threading.Timer(0.05, source.close).start()
    assert list(frames) == []


def test_a_stream_that_is_closed_during_a_pause_ends_its_reader(monkeypatch):
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE_S", 30.0)
    monkeypatch.setattr(policy, "_JOIN_S", 20.0)
    before = set(threading.enumerate())
    open_once, opened = opener(Camera(1))  # a second one cannot be had
    frames = read_frames(ReconnectingSource(open_once), "latest")
    assert next(frames).index == 0
    assert opened[0].released.wait(20)  # it broke
    start = time.monotonic()
    frames.close()
    assert time.monotonic() - start < 15
    assert set(threading.enumerate()) <= before


def test_what_opens_after_the_end_is_closed():
    """Opening a camera takes seconds, in which the stream may be closed."""
    cameras = [Camera(0), Camera(0)]
    left = list(cameras)

    def open_once():
        if len(left) == 1:
            source.close()
        return left.pop(0)

    source = ReconnectingSource(open_once)
    assert list(source) == []
    assert [camera.released.is_set() for camera in cameras] == [True, True]
