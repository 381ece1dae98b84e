"""Frames that are made at the same time are the frames that one after the other gives."""

import itertools
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk.conftest import moving_picture, truncated, write_video
from thermalsdk import Camera, Synthesizer, Temperatures
from thermalsdk.errors import ClosedError, OptionError, ShapeError, VideoError
from thermalsdk.streaming.in_order import in_order
from thermalsdk.streaming.turn import Turn
from thermalsdk.video import SourceFrame

TIMEOUT_S = 10.0


@pytest.fixture(scope="module")
def wide(tiny_bundle):
    """A synthesizer with threads for three frames."""
    with Synthesizer.load(tiny_bundle, device="cpu", threads=3, warmup=False) as synthesizer:
        yield synthesizer


def same(one, other):
    assert len(one) == len(other) > 1
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left.labels, right.labels)
        np.testing.assert_allclose(left.kelvin, right.kelvin, rtol=1e-6)
        np.testing.assert_allclose(left.apparent, right.apparent, rtol=1e-6)
        assert (left.index, left.dropped, left.source.name) == (right.index, right.dropped, right.source.name)
        if left.limits is not None:
            assert left.limits == pytest.approx(right.limits)


@pytest.mark.parametrize(
    "temperatures", ["auto", Temperatures(ambient=290.0), lambda k: Temperatures(ambient=280.0 + k)]
)
def test_a_video_comes_out_the_same(wide, video, temperatures):
    one = wide.stream(video, policy="all", temperatures=temperatures, in_flight=1)
    same(list(one), list(wide.stream(video, policy="all", temperatures=temperatures, in_flight=3)))


def test_a_camera_sees_the_frames_in_their_order(wide, video):
    seen = [
        list(wide.stream(video, policy="all", camera=Camera.preset("boson640"), in_flight=count))
        for count in (1, 3)
    ]
    same(*seen)


def test_pictures_come_out_the_same(wide, folder):
    frames = list(wide.stream(folder))
    same(list(wide.stream(folder, in_flight=1)), frames)
    assert [frame.source.name for frame in frames] == ["frame1", "frame2", "frame10"]
    assert {frame.limits for frame in frames} == {None}


def used_threads(monkeypatch, stream, together=1):
    """Names of the threads that make a stream's frames.

    The first `together` frames wait for each other: else one quick thread may make all of them.
    """
    from thermalsdk.networks import Networks

    names = set()
    prepare = Networks.prepare
    meeting = threading.Barrier(together)
    begun = itertools.count()

    def noted(self, rgb):
        names.add(threading.current_thread().name)
        if next(begun) < together:
            meeting.wait(timeout=30)
        return prepare(self, rgb)

    monkeypatch.setattr(Networks, "prepare", noted)
    assert len(list(stream)) > 1
    return names


def test_nobody_waits_for_frames_of_a_file(wide, video, folder, monkeypatch):
    own = threading.current_thread().name
    for stream in (wide.stream(video, policy="all"), wide.stream(folder)):
        names = used_threads(monkeypatch, stream, together=2)
        assert own not in names
        assert len(names) > 1


def test_a_loop_gets_a_frame_when_it_asks_for_one(wide, video, monkeypatch):
    """A program's own frames may depend on what was made of the last; "latest" wants its frame soon."""
    own = {threading.current_thread().name}
    pictures = [moving_picture(index) for index in range(3)]
    assert used_threads(monkeypatch, wide.stream(pictures, policy="all")) == own
    assert used_threads(monkeypatch, wide.stream(video, policy="latest")) == own


@pytest.mark.parametrize("count", [0, 4, -1])
def test_a_count_that_cannot_be_had_is_refused(wide, video, count):
    with pytest.raises(OptionError, match=f"in_flight={count} is none of 1 to 3"):
        wide.stream(video, in_flight=count)


def until(error, results, **match):
    """Results before the error that must end them."""
    seen = []
    with pytest.raises(error, **match):
        seen.extend(results)
    return seen


def test_what_goes_wrong_comes_after_the_frames_before_it(wide, tmp_path):
    pictures = [*(moving_picture(index) for index in range(5)), np.zeros((96, 128), np.uint8)]
    assert len(until(ShapeError, wide.stream(pictures, policy="all", in_flight=3))) == 5
    short = truncated(write_video(tmp_path / "cut.mkv", frames=30))
    one, three = (
        until(VideoError, wide.stream(short, policy="all", in_flight=count, steadiness=0)) for count in (1, 3)
    )
    same(one, three)


def test_bad_maps_are_refused_in_their_place(wide):
    class Mapped:
        clock, rate, count, single = "file", 30.0, 4, False

        def __iter__(self):
            for index in range(4):
                labels = np.full((96, 128) if index < 3 else (4, 4), 2, np.uint8)
                yield SourceFrame(moving_picture(index), index, index / 30, str(index), labels=labels)

        def close(self):
            pass

    frames = until(ShapeError, wide.stream(Mapped(), policy="all"), match="labels are 4x4")
    assert [frame.index for frame in frames] == [0, 1, 2]


def test_a_closed_synthesizer_ends_its_streams(tiny_bundle, video):
    synthesizer = Synthesizer.load(tiny_bundle, device="cpu", threads=2, warmup=False)
    stream = synthesizer.stream(video, policy="all")
    next(stream)
    synthesizer.close()
    with pytest.raises(ClosedError):
        list(stream)


def test_an_abandoned_stream_ends_its_threads(wide, video):
    stream = wide.stream(video, policy="all")
    next(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("thermalsdk-frame")]


def test_a_stream_that_is_closed_while_a_frame_is_awaited_ends_its_threads(wide, monkeypatch):
    """From another thread, which takes no frame after that one."""
    asked, closed = threading.Event(), threading.Event()

    def pictures():
        yield moving_picture(0)
        asked.set()
        closed.wait(TIMEOUT_S)
        yield moving_picture(1)

    stream = wide.stream(pictures(), policy="all", in_flight=2)
    taking = threading.Thread(target=lambda: next(stream, None))
    taking.start()
    assert asked.wait(TIMEOUT_S)
    stream.close()
    closed.set()
    taking.join(TIMEOUT_S)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("thermalsdk-frame")]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4), st.integers(1, 5), st.integers(0, 15))
def test_results_keep_the_order_whatever_each_takes(delays, workers, ahead, broken):
    """Work on items ends in any order, one item cannot be read: all results before it arrive."""

    def items():
        for index in range(len(delays)):
            if index == broken:
                raise ValueError(index)
            yield index

    def start(index):
        return pool.submit(lambda: threading.Event().wait(delays[index] / 1000) or 10 * index)

    with ThreadPoolExecutor(workers) as pool:
        results = in_order(items(), start, ahead)
        seen = until(ValueError, results) if broken < len(delays) else list(results)
    assert seen == [(index, 10 * index) for index in range(min(broken, len(delays)))]


def test_no_more_is_begun_than_was_asked_for():
    begun = []

    def start(item):
        begun.append(item)
        done = Future()
        done.set_result(item)
        return done

    results = in_order(range(9), start, ahead=3)
    next(results)
    assert begun == [0, 1, 2]
    next(results)
    assert begun == [0, 1, 2, 3]


def test_turns_come_in_their_order():
    first = Turn()
    second, order = Turn(first), []

    def take(turn, name):
        with turn:
            order.append(name)

    late = threading.Thread(target=take, args=(second, "second"))
    late.start()
    take(first, "first")
    late.join(TIMEOUT_S)
    assert order == ["first", "second"]


def test_a_turn_that_ends_early_lets_nobody_pass_those_before_it():
    first = Turn()
    second = Turn(first)
    second.end()
    order = []

    def take():
        with Turn(second):
            order.append("third")

    late = threading.Thread(target=take)
    late.start()
    late.join(0.05)
    order.append("first")
    first.end()
    late.join(TIMEOUT_S)
    assert order == ["first", "third"]


def test_a_turn_that_is_not_taken_passes():
    first = Turn()
    first.end()
    with Turn(first):
        pass
