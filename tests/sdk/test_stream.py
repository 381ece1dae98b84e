"""Streams and their drop policies."""

import gc
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.sdk.conftest import moving_picture, truncated, write_video
from thermalsdk import Camera, Synthesizer, Temperatures
from thermalsdk.errors import (
    ClosedError,
    LabelTableError,
    OptionError,
    ShapeError,
    TemperatureError,
    ThermalSDKError,
    VideoError,
)
from thermalsdk.networks import Networks
from thermalsdk.video import Source, SourceFrame, open_source, policy, read_frames

TIMEOUT_S = 10.0


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_a_loop_brings_its_maps_and_times_along(synth, policy):
    """In buffers that it fills again, as simulators do."""
    rgb, labels = np.empty((96, 128, 3), np.uint8), np.empty((96, 128), np.uint8)

    def drive():
        for index in range(3):
            rgb[:], labels[:] = 40 * index, index
            yield SourceFrame(rgb, labels=labels, time_s=0.5 * index)

    frames = list(
        synth.stream(drive(), policy=policy, temperatures=Temperatures(ambient=280.0), steadiness=0)
    )
    assert frames
    for frame in frames:
        assert frame.labels.min() == frame.labels.max() == frame.index
        assert frame.source.rgb.max() == 40 * frame.index
        assert (frame.source.time_s, frame.source.name) == (0.5 * frame.index, f"{frame.index:06d}")


def test_a_source_needs_no_more_than_its_frames(synth):
    class Pictures(Source):
        def __iter__(self):
            yield SourceFrame(moving_picture(0))

        def close(self):
            self.is_closed = True

    pictures = Pictures()
    assert len(list(synth.stream(pictures))) == 1
    assert pictures.is_closed


def test_a_wrong_frame_is_not_printed_whole(synth):
    with pytest.raises(ShapeError) as caught:
        synth(SourceFrame(moving_picture(0)))
    assert len(str(caught.value)) < 400


class LiveSource:
    """A camera that a test triggers frame by frame."""

    clock = "live"
    rate = None
    count = None
    single = False

    def __init__(self, frames):
        self.total = frames
        self.given = 0
        self.trigger = threading.Semaphore(0)
        self.closed = threading.Event()

    def __iter__(self):
        from thermalsdk.video import SourceFrame

        for index in range(self.total):
            self.trigger.acquire()
            yield SourceFrame(moving_picture(index), index, 0.0, str(index))
            self.given = index + 1

    def close(self):
        self.closed.set()

    def give(self, frames):
        """Let the source yield, and wait until its reader has come back for the next frame."""
        wanted = self.given + frames
        self.trigger.release(frames)
        end = time.monotonic() + TIMEOUT_S
        while self.given < wanted and time.monotonic() < end:
            time.sleep(0.001)
        assert self.given == wanted


class MappedSource:
    """A video that brings class maps and instance maps along; its pictures move, or are all the first."""

    clock, rate, count, single = "file", 30.0, 3, False

    def __init__(self, labels, instances, moves=True):
        self.maps, self.moves = (labels, instances), moves

    def __iter__(self):
        from thermalsdk.video import SourceFrame

        for index in range(self.count):
            labels, instances = self.maps
            yield SourceFrame(
                moving_picture(index if self.moves else 0),
                index,
                index / 30,
                str(index),
                labels=labels,
                instances=instances,
            )

    def close(self):
        pass


def test_maps_of_a_source_reach_the_synthesizer(synth, labels):
    instances = np.where(labels == 8, 7, 0).astype(np.uint16)
    hot = Temperatures(ambient=285.0, instances={7: 330.0})
    frames = list(synth.stream(MappedSource(labels, instances), policy="all", temperatures=hot))
    assert len(frames) == 3
    for frame in frames:
        np.testing.assert_array_equal(frame.labels, labels)
        assert frame.kelvin[55:65, 48:62].mean() == pytest.approx(330, abs=1)


def test_all_yields_every_frame(synth, video):
    frames = list(synth.stream(video, policy="all"))
    assert [frame.index for frame in frames] == list(range(12))
    assert {frame.dropped for frame in frames} == {0}
    single = synth(next(iter(open_source(video))).rgb)
    np.testing.assert_array_equal(frames[0].kelvin, single.kelvin)


def test_gain_is_damped_along_the_stream(synth, video):
    frames = list(synth.stream(video, policy="all"))
    limits = np.array([frame.limits for frame in frames])
    assert np.abs(np.diff(limits, axis=0)).max() < 2.0
    assert frames[0].display.dtype == np.uint8


def test_temperatures_of_a_stream(synth, video):
    frames = synth.stream(video, policy="all", temperatures=Temperatures(ambient=300.0))
    assert (next(frames).thermal_labels == 300.0).all()
    frames.close()


@pytest.mark.parametrize("follow_motion", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_temperatures_that_change_arrive_at_once(synth, labels, given, follow_motion):
    def warming(index):
        return Temperatures(ambient=283.0, classes=dict.fromkeys(synth.info.classes, 290.0 + 10 * index))

    source = MappedSource(labels if given else None, None, moves=False)
    frames = synth.stream(source, policy="all", follow_motion=follow_motion, temperatures=warming)
    np.testing.assert_allclose(np.diff([frame.kelvin.mean() for frame in frames]), 10, atol=0.1)


@pytest.mark.parametrize("follow_motion", [False, True])
def test_an_object_of_another_number_shows_its_own_temperature_at_once(synth, labels, follow_motion):
    def loop():
        for index in range(4):
            instances = np.where(labels == 8, 7 if index < 2 else 9, 0).astype(np.uint16)
            yield SourceFrame(moving_picture(0), labels=labels, instances=instances)

    hot = Temperatures(ambient=285.0, instances={7: 330.0, 9: 300.0})
    frames = synth.stream(loop(), policy="all", temperatures=hot, follow_motion=follow_motion)
    means = [frame.kelvin[55:65, 48:62].mean() for frame in frames]
    np.testing.assert_allclose(means, [330, 330, 300, 300], atol=1)


def test_predictions_that_change_leave_no_patches(synth, monkeypatch):
    """Where colours stand still the filter keeps the noise away, and not the level."""
    predict, rises = Networks.predict_temperatures, iter(np.float32([0, 3, -3, 6, 0]))
    monkeypatch.setattr(Networks, "predict_temperatures", lambda *given: predict(*given) + next(rises))
    still = [moving_picture(0)] * 5
    frames = list(synth.stream(still, policy="all"))
    levels = np.array([(frame.kelvin.mean(), frame.thermal_labels.mean()) for frame in frames])
    assert np.abs(np.diff(levels[:, 1])).max() > 0.4
    np.testing.assert_allclose(levels[:, 0] - levels[:, 1], levels[0, 0] - levels[0, 1], atol=0.02)


def test_a_stream_without_steadiness_shows_every_frame_as_a_call_would(synth, video):
    for frame in synth.stream(video, policy="all", steadiness=0):
        np.testing.assert_array_equal(frame.kelvin, synth(frame.source.rgb).kelvin)


def test_latest_drops_what_came_meanwhile():
    source = LiveSource(8)
    frames = read_frames(source, "latest")
    source.trigger.release()
    first = next(frames)
    source.give(4)
    second = next(frames)
    assert (first.index, first.dropped) == (0, 0)
    assert second.index - first.index == second.dropped + 1
    assert second.dropped >= 2
    source.trigger.release(8)
    rest = list(frames)
    assert rest[-1].index == 7
    seen = [first, second, *rest]
    assert len(seen) + sum(frame.dropped for frame in seen) == 8
    assert source.closed.is_set()


def test_all_reads_a_few_frames_ahead_and_then_waits():
    source = LiveSource(20)
    frames = read_frames(source, "all")
    source.trigger.release(20)
    first = next(frames)
    end = time.monotonic() + TIMEOUT_S
    while source.given < 4 and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(0.05)
    assert 4 <= source.given <= 6
    assert [frame.index for frame in [first, *frames]] == list(range(20))
    assert source.closed.is_set()


def test_closing_frees_a_reader_that_waits():
    source = LiveSource(20)
    frames = read_frames(source, "all")
    source.trigger.release(20)
    next(frames)
    frames.close()
    assert source.closed.wait(TIMEOUT_S)


def test_a_callers_iterable_runs_in_the_callers_thread():
    threads = []

    def simulator():
        for index in range(3):
            threads.append(threading.get_ident())
            yield moving_picture(index)

    assert len(list(read_frames(open_source(simulator()), "all"))) == 3
    assert set(threads) == {threading.get_ident()}


def test_leaving_a_stream_early_closes_the_source(synth):
    source = LiveSource(8)
    frames = synth.stream(source, policy="latest")
    source.trigger.release(8)
    next(frames)
    frames.close()
    assert source.closed.wait(TIMEOUT_S)


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_a_source_is_freed_although_no_frame_was_taken(synth, policy):
    closed, forgotten, alone = LiveSource(1), LiveSource(1), LiveSource(1)
    stream = synth.stream(closed, policy=policy)
    stream.close()
    assert closed.closed.is_set()
    assert list(stream) == []
    synth.stream(forgotten, policy=policy)
    gc.collect()
    assert forgotten.closed.is_set()
    read_frames(alone, policy).close()
    assert alone.closed.is_set()


def test_a_source_is_freed_where_its_stream_cannot_begin(synth):
    source = LiveSource(1)
    with pytest.raises(ZeroDivisionError):
        synth.stream(source, camera=SimpleNamespace(view=None, restart=lambda: 1 / 0))
    assert source.closed.is_set()


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_a_stream_that_waits_is_closed_from_another_thread(policy):
    source = LiveSource(1)
    frames = read_frames(source, policy)
    threading.Timer(0.05, frames.close).start()
    assert list(frames) == []
    source.trigger.release()
    assert source.closed.wait(TIMEOUT_S)


def test_a_synthesizer_ends_its_streams(tiny_bundle, video, monkeypatch):
    """One that waits for a frame in another thread, two that somebody holds, and one that nobody began."""
    monkeypatch.setattr(policy, "_JOIN_S", 0.1)
    before = set(threading.enumerate())
    waiting, held, unbegun = LiveSource(1), LiveSource(8), LiveSource(1)
    with Synthesizer.load(tiny_bundle, device="cpu", threads=2, warmup=False) as synthesizer:
        streams = [synthesizer.stream(source) for source in (waiting, held, unbegun)]
        streams.append(synthesizer.stream(video, policy="all", in_flight=2))
        held.trigger.release(8)
        next(streams[1])
        next(streams[3])
        errors = []
        waiter = threading.Thread(target=lambda: errors.append(error_of(streams[0])))
        waiter.start()
    waiter.join(TIMEOUT_S)
    waiting.trigger.release()  # its reader is in it, and no other thread may close it
    assert all(source.closed.wait(TIMEOUT_S) for source in (waiting, held, unbegun))
    errors += [error_of(stream) for stream in streams[1:]]
    assert [type(error) for error in errors] == [ClosedError] * 4
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("thermalsdk-frame")]


def test_a_stream_that_is_over_stays_so_without_its_synthesizer(tiny_bundle, rgb):
    with Synthesizer.load(tiny_bundle, device="cpu", threads=1, warmup=False) as synthesizer:
        whole, closed = synthesizer.stream([rgb]), synthesizer.stream([rgb, rgb])
        assert len(list(whole)) == 1
        next(closed)
        closed.close()
    assert list(whole) == list(closed) == []


def test_silent_sources_do_not_add_up(tiny_bundle, monkeypatch):
    monkeypatch.setattr(policy, "_JOIN_S", 0.5)
    synthesizer = Synthesizer.load(tiny_bundle, device="cpu", threads=1, warmup=False)
    sources = [LiveSource(2) for _ in range(6)]
    streams = [synthesizer.stream(source) for source in sources]
    for source, stream in zip(sources, streams, strict=True):
        source.trigger.release()
        next(stream)
    start = time.monotonic()
    synthesizer.close()
    assert time.monotonic() - start < 6 * 0.5
    for source in sources:
        source.trigger.release()


def test_a_program_that_ends_waits_for_no_silent_source():
    program = """
import threading
from thermalsdk.video import read_frames
class Silent:
    clock, rate, count, single = "live", None, None, False
    def __iter__(self):
        threading.Event().wait()
        yield
    def close(self): pass
frames = read_frames(Silent(), "latest")
threading.Thread(target=next, args=(frames, None), daemon=True).start()
import atexit, time
started = time.monotonic()
atexit._run_exitfuncs()
assert time.monotonic() - started < 1.5
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def error_of(stream):
    try:
        list(stream)
    except ThermalSDKError as error:
        return error


def test_latest_plays_a_file_at_its_own_speed(tmp_path):
    path = write_video(tmp_path / "short.mp4", frames=6)
    start = time.monotonic()
    frames = list(read_frames(open_source(path), "latest"))
    assert time.monotonic() - start > 4 / 15
    assert len(frames) + sum(frame.dropped for frame in frames) == 6


def test_pictures_are_never_dropped(synth, folder):
    frames = list(synth.stream(folder, policy="latest"))
    assert [frame.index for frame in frames] == [0, 1, 2]


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_errors_of_the_source_arrive(synth, tmp_path, policy):
    path = truncated(write_video(tmp_path / "road.mkv", frames=30))
    with pytest.raises(VideoError, match="cut short"):
        list(synth.stream(path, policy=policy))


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_errors_of_a_frame_arrive(synth, policy):
    with pytest.raises(ShapeError):
        list(synth.stream([np.zeros((96, 128), np.uint8)], policy=policy))


def test_arrays_in_the_order_of_opencv(synth, rgb):
    (frame,) = synth.stream([rgb[..., ::-1]], policy="all", color="bgr")
    np.testing.assert_array_equal(frame.kelvin, synth(rgb).kelvin)


def test_a_camera_sees_every_frame_of_a_programs_own_loop(synth):
    """Arrays have no clock: each is a picture later than the one before, and none is held."""
    warmer = [Temperatures(ambient=280.0 + 5 * index) for index in range(4)]
    pictures = [moving_picture(index) for index in range(4)]
    frames = synth.stream(
        pictures, policy="all", temperatures=lambda index: warmer[index], camera=Camera.preset("lepton160")
    )
    for index, frame in enumerate(frames):
        assert frame.source.time_s is None
        assert not frame.capture.held
        assert frame.apparent.mean() == pytest.approx(280 + 5 * index, abs=1)


@pytest.mark.parametrize("camera", ["boson640", 3])
def test_what_is_no_camera_is_refused_before_any_work(synth, rgb, camera):
    with pytest.raises(OptionError, match="camera is") as caught:
        synth(rgb, camera=camera)
    assert "Camera.preset" in caught.value.hint
    with pytest.raises(OptionError, match="camera is"):
        synth.stream([rgb], camera=camera)


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_a_source_that_cannot_be_closed_ends_the_stream_with_its_error(policy):
    source = MappedSource(None, None)
    source.close = lambda: (_ for _ in ()).throw(RuntimeError("device busy"))
    with pytest.raises(RuntimeError, match="device busy"):
        list(read_frames(source, policy))


@pytest.mark.parametrize("option", [{"label_ids": "absent.json"}, {"instance_names": {"7": "BP_Truck"}}])
def test_what_names_labels_is_checked_before_the_source_is_opened(synth, option):
    with pytest.raises((LabelTableError, OptionError)):
        synth.stream("no such file", **option)


def test_wrong_options_are_refused_at_once(synth, video):
    with pytest.raises(OptionError, match="policy"):
        synth.stream("absent.mp4", policy="newest")
    with pytest.raises(OptionError, match="temperatures"):
        synth.stream(video, temperatures="warm")
    with pytest.raises(TemperatureError, match="without an instance map"):
        list(synth.stream(video, temperatures=Temperatures(ambient=290, instances={1: 300})))
    with pytest.raises(VideoError, match="no file"):
        synth.stream("absent.mp4")
    with pytest.raises(OptionError, match="steadiness"):
        synth.stream(video, steadiness="0.5")
    with pytest.raises(OptionError, match="in_flight"):
        synth.stream(video, in_flight="2")
