"""Frames in shared memory: the ring, its ends, and another process."""

import os
import subprocess
import sys
import threading
import uuid
from contextlib import closing

import numpy as np
import pytest

from tests.sdk.conftest import moving_picture
from thermalsdk.cli.frame_maps import MappedSource
from thermalsdk.errors import ClosedError, DtypeError, OptionError, ShapeError, VideoError
from thermalsdk.video import (
    SharedFrameReader,
    SharedFrameWriter,
    open_source,
    policy,
    read_frames,
    shared_frames,
)


@pytest.fixture
def name():
    return f"thermalsdk_test_{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize(
    ("shape", "dtype"), [((64, 80, 3), np.uint8), ((48, 64), np.uint16), ((48, 64), np.float32)]
)
def test_frames_come_out_as_they_went_in(name, shape, dtype):
    rng = np.random.default_rng(0)
    frames = [rng.uniform(0, 255, shape).astype(dtype) for _ in range(3)]
    with SharedFrameWriter(name, shape, dtype, slots=3) as writer:
        reader = SharedFrameReader(name)
        assert (reader.shape, reader.dtype) == (shape, dtype)
        for index, frame in enumerate(frames):
            assert reader.read(index) is None
            writer.write(frame, time_s=index / 10)
        for index, frame in enumerate(frames):
            found = reader.read(index)
            np.testing.assert_array_equal(found.pixels, frame)
            assert (found.number, found.time_s) == (index, index / 10)
        reader.close()


def test_a_frame_may_have_no_time(name):
    with SharedFrameWriter(name, (64, 80, 3)) as writer:
        writer.write(np.zeros((64, 80, 3), np.uint8))
        assert SharedFrameReader(name).read(0).time_s is None


def test_overwritten_frames_are_gone(name):
    with SharedFrameWriter(name, (8, 8), np.uint8, slots=2) as writer:
        reader = SharedFrameReader(name)
        for value in range(5):
            writer.write(np.full((8, 8), value, np.uint8))
        assert [reader.read(number) is None for number in range(6)] == [True, True, True, False, False, True]
        assert reader.written == 5
        reader.close()


def test_a_frame_in_the_making_is_not_read(name, monkeypatch):
    with SharedFrameWriter(name, (8, 8), np.uint8) as writer:
        reader = SharedFrameReader(name)
        writer.write(np.zeros((8, 8), np.uint8))
        seen = []

        class Peeking(np.ndarray):
            def __setitem__(self, key, value):
                seen.append(reader.read(4))
                super().__setitem__(key, value)

        plain = shared_frames._pixels
        for value in range(1, 4):
            writer.write(np.full((8, 8), value, np.uint8))
        monkeypatch.setattr(shared_frames, "_pixels", lambda *a: plain(*a).view(Peeking))
        writer.write(np.full((8, 8), 4, np.uint8))
        monkeypatch.setattr(shared_frames, "_pixels", plain)
        assert seen == [None]
        assert reader.read(4) is not None
        reader.close()


def numbered_frames(writer, numbers):
    for number in numbers:
        writer.write(np.full((64, 80, 3), number, np.uint8), time_s=100 + number)


def facts(frames):
    return [(frame.index, frame.dropped, frame.time_s, frame.name, frame.rgb.max()) for frame in frames]


def test_source_counts_what_was_overwritten(name):
    with SharedFrameWriter(name, (64, 80, 3), slots=2) as writer:
        frames = iter(open_source(f"shm://{name}"))
        numbered_frames(writer, range(1))
        first = next(frames)
        numbered_frames(writer, range(1, 9))
    assert facts([first, *frames]) == [
        (0, 0, 0.0, "000000", 0),
        (7, 6, 7.0, "000007", 7),
        (8, 0, 8.0, "000008", 8),
    ]


def test_a_source_begins_with_what_the_block_holds(name):
    """Whatever came before its reader is none of its frames."""
    with SharedFrameWriter(name, (64, 80, 3), slots=2) as writer:
        source = open_source(f"shm://{name}")
        numbered_frames(writer, range(6))
    frames = list(read_frames(source, "all"))
    assert facts(frames) == [(0, 0, 0.0, "000000", 4), (1, 0, 1.0, "000001", 5)]


def test_a_reader_that_was_overrun_goes_to_the_oldest_frame_at_once(name, monkeypatch):
    with SharedFrameWriter(name, (64, 80, 3), slots=2) as writer:
        source = open_source(f"shm://{name}")
        frames = iter(source)
        numbered_frames(writer, range(1))
        next(frames)
        looks = []
        look = source._look
        monkeypatch.setattr(source, "_look", lambda number: looks.append(number) or look(number))
        numbered_frames(writer, range(1, 200))
        assert next(frames).dropped == 197
        assert looks == [1, 198]


def test_stream_from_another_process(synth, name):
    program = f"""
import numpy as np, time
from thermalsdk.video import SharedFrameReader, SharedFrameWriter
with SharedFrameWriter({name!r}, (96, 128, 3), slots=8) as writer:
    print("ready", flush=True)
    input()
    for value in range(5):
        writer.write(np.full((96, 128, 3), 40 * value, np.uint8), value / 10)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "ready\n"
        stream = synth.stream(f"shm://{name}", policy="all")
        writer.stdin.write("\n")
        writer.stdin.flush()
        frames = [next(stream) for _ in range(5)]
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert list(stream) == []
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    expected = synth(np.full((96, 128, 3), 160, np.uint8), temperatures="auto")
    np.testing.assert_array_equal(frames[4].labels, expected.labels)
    with pytest.raises(VideoError, match="no shared memory"):
        open_source(f"shm://{name}")


def test_closing_ends_a_waiting_source(name):
    with SharedFrameWriter(name, (64, 80, 3)) as writer:
        source = open_source(f"shm://{name}")
        frames = iter(source)
        writer.write(moving_picture(0)[:64, :80])
        next(frames)
        threading.Timer(0.05, source.close).start()
        assert list(frames) == []


def test_a_closed_stream_ends_its_reader(name, monkeypatch):
    monkeypatch.setattr(policy, "_JOIN_S", 20.0)
    before = set(threading.enumerate())
    with SharedFrameWriter(name, (64, 80, 3)) as writer:
        source = open_source(f"shm://{name}")
        frames = read_frames(MappedSource(source, None, None), "latest")
        numbered_frames(writer, range(1))
        next(frames)
        frames.close()
        assert set(threading.enumerate()) <= before
        with pytest.raises(ClosedError):
            source._reader.read(0)


def test_misuse_is_refused(name):
    with pytest.raises(OptionError, match="slots"):
        SharedFrameWriter(name, (8, 8), slots=1)
    with pytest.raises(OptionError, match="name"):
        SharedFrameWriter("a/b", (8, 8))
    with pytest.raises(ShapeError):
        SharedFrameWriter(name, (8,))
    with pytest.raises(DtypeError, match="int64"):
        SharedFrameWriter(name, (8, 8), np.int64)
    with SharedFrameWriter(name, (64, 80), np.uint16) as writer:
        with pytest.raises(VideoError, match="exists already"):
            SharedFrameWriter(name, (8, 8))
        with pytest.raises(ShapeError, match="the block"):
            writer.write(np.zeros((8, 8), np.uint16))
        with pytest.raises(DtypeError, match="the block"):
            writer.write(np.zeros((64, 80), np.uint8))
        with pytest.raises(ShapeError, match="uint16"):
            open_source(f"shm://{name}")
    with pytest.raises(ClosedError):
        writer.write(np.zeros((64, 80), np.uint16))
    writer.close()


@pytest.mark.parametrize("shape", [(480.0, 640, 3), (64, 80, 2), (64, 80, 4), (2**32, 1), (0, 8), 480])
def test_a_shape_that_frames_cannot_have_leaves_nothing_behind(name, shape):
    with pytest.raises(ShapeError, match="cannot have the shape"):
        SharedFrameWriter(name, shape)
    with pytest.raises(OptionError, match="slots"):
        SharedFrameWriter(name, (8, 8), slots=2.5)
    with pytest.raises(VideoError, match="no shared memory"):
        SharedFrameReader(name)


def test_more_than_any_memory_leaves_nothing_behind(name):
    with pytest.raises(OptionError, match="no memory holds"):
        SharedFrameWriter(name, (2**32 - 1, 2**32 - 1, 3), np.float32, 2**32 - 1)
    assert not (shared_frames._FOLDER / name).exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../etc/passwd", "x" * 300])
def test_what_is_no_name_is_refused(name):
    for use in (lambda: SharedFrameWriter(name, (8, 8)), lambda: SharedFrameReader(name)):
        with pytest.raises(OptionError, match="no name"):
            use()


def test_a_name_may_begin_with_a_slash(name):
    with SharedFrameWriter(name, (8, 8)), closing(SharedFrameReader(f"/{name}")) as reader:
        assert reader.shape == (8, 8)


def test_sizes_may_be_numbers_of_numpy(name):
    with SharedFrameWriter(name, np.array([64, 80, 3]), slots=np.int64(2)):
        reader = SharedFrameReader(name)
        assert (reader.shape, reader.slots) == ((64, 80, 3), 2)
        reader.close()


def test_a_writer_that_cannot_begin_leaves_nothing_behind(name, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(SharedFrameWriter, "_write_header", interrupt)
    with pytest.raises(KeyboardInterrupt):
        SharedFrameWriter(name, (8, 8))
    with pytest.raises(VideoError, match="no shared memory"):
        SharedFrameReader(name)


def test_numbers_below_zero_are_no_frames(name):
    with SharedFrameWriter(name, (8, 8)):
        reader = SharedFrameReader(name)
        assert reader.read(-1) is None
        reader.close()


def test_a_closed_reader_says_so(name):
    with SharedFrameWriter(name, (8, 8)):
        reader = SharedFrameReader(name)
        reader.close()
        reader.close()
        for use in (lambda: reader.read(0), lambda: reader.written, lambda: reader.ended):
            with pytest.raises(ClosedError, match="reader"):
                use()


_SAME_PROCESS = """
from thermalsdk.video import SharedFrameReader, SharedFrameWriter
with SharedFrameWriter({name!r}, (8, 8)):
    SharedFrameReader({name!r}).close()
"""
_CHILD = """
import multiprocessing
from thermalsdk.video import SharedFrameReader, SharedFrameWriter
if __name__ == "__main__":
    with SharedFrameWriter({name!r}, (8, 8)):
        reader = multiprocessing.get_context("spawn").Process(target=SharedFrameReader, args=({name!r},))
        reader.start()
        reader.join()
        assert reader.exitcode == 0
"""


@pytest.mark.parametrize("program", [_SAME_PROCESS, _CHILD])
def test_a_reader_leaves_the_block_to_its_writer(name, tmp_path, program):
    """Python's resource tracker, of which a child has its parent's, complains where it does not."""
    path = tmp_path / "program.py"
    path.write_text(program.format(name=name))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("content", [b"", b"TSHF0001", bytes(256), b"TSHF0001" + bytes(248)])
def test_memory_of_others_is_refused(name, content):
    path = shared_frames._FOLDER / name
    path.write_bytes(content)
    try:
        with pytest.raises(VideoError, match=r"holds no frames|cannot be read"):
            SharedFrameReader(name)
    finally:
        path.unlink()


def test_memory_that_is_smaller_than_it_says_is_refused(name):
    with SharedFrameWriter(name, (64, 80)):
        os.truncate(shared_frames._FOLDER / name, 4096)
        with pytest.raises(VideoError, match="holds no frames"):
            SharedFrameReader(name)
