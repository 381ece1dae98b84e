"""Sources: what they yield, and how unreadable ones are refused."""

import os
import socket
import sys
import threading
from contextlib import ExitStack, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import moving_picture, truncated, write_video
from thermalsdk.errors import DtypeError, MissingDependency, OptionError, VideoError
from thermalsdk.video import Source, file_source, open_source, reconnect, video_file
from thermalsdk.video.camera_source import CameraSource
from thermalsdk.video.file_source import VideoSource
from thermalsdk.video.video_file import VideoFile


def read_all(source, **options):
    opened = open_source(source, **options)
    frames = list(opened)
    opened.close()
    opened.close()
    return frames


def test_video(video):
    source = open_source(video)
    assert isinstance(source, Source)
    assert (source.clock, source.rate, source.count, source.single) == ("file", 15.0, 12, False)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(12))
    assert frames[3].time_s == pytest.approx(0.2)
    assert frames[3].name == "000003"
    for index, frame in enumerate(frames):
        assert (frame.rgb.dtype, frame.rgb.shape) == (np.uint8, (96, 128, 3))
        assert np.abs(frame.rgb.astype(int) - moving_picture(index)).mean() < 6
    source.close()


@pytest.mark.parametrize("name", ["road.mkv", "road.avi", "road.mov"])
def test_other_containers(tmp_path, name):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    assert len(read_all(write_video(tmp_path / name, codec=codec))) == 12


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("plain.mp4", "libx264", {}),
        ("streamable.mp4", "libx264", {"movflags": "faststart"}),
        ("road.mkv", "libx264", {}),
        ("road.avi", "mpeg4", {}),
    ],
)
def test_truncated_video_is_refused(tmp_path, name, codec, options):
    path = truncated(write_video(tmp_path / name, frames=60, codec=codec, **options))
    with pytest.raises(VideoError, match=f"{path.name}.*(cut short|damaged|cannot be opened)") as caught:
        read_all(path)
    assert "ffprobe" in caught.value.hint


def test_an_avi_whose_recorder_dropped_frames_is_whole(tmp_path):
    path = tmp_path / "gaps.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=15)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuvj420p"
        for index in (0, 1, 2, 5, 6, 9, 10, 11):
            frame = av.VideoFrame.from_ndarray(moving_picture(index), format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert len(read_all(path)) == 8
    with pytest.raises(VideoError):
        read_all(truncated(path))


def test_index_beyond_the_end_is_refused_at_once(tmp_path):
    whole = write_video(tmp_path / "road.mp4", frames=60, movflags="faststart")
    with pytest.raises(VideoError, match="cut short"):
        open_source(truncated(whole, 0.9))


def test_absent_files(tmp_path):
    for name in ("absent.mp4", "absent.png"):
        with pytest.raises(VideoError, match=f"no file .*{name}"):
            open_source(tmp_path / name)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VideoError, match="pipe is a pipe or device"):
        open_source(tmp_path / "pipe")


def test_an_address_that_nobody_answers():
    with pytest.raises(VideoError, match="cannot be opened") as caught:
        open_source("http://127.0.0.1:9/road.mp4")
    assert "network" in caught.value.hint


def test_files_that_are_no_pictures(tmp_path):
    for name in ("notes.mp4", "notes.png", "notes"):
        path = tmp_path / name
        path.write_text("no picture at all")
        with pytest.raises(VideoError, match="notes"):
            read_all(path)


def test_video_without_pictures(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    with pytest.raises(VideoError):
        read_all(path)


def test_picture(tmp_path, rgb):
    path = tmp_path / "road.png"
    Image.fromarray(rgb).save(path)
    source = open_source(path)
    assert (source.clock, source.rate, source.count, source.single) == ("none", None, 1, True)
    (frame,) = source
    np.testing.assert_array_equal(frame.rgb, rgb)
    assert frame.name == "road"


def test_picture_kinds_become_rgb(tmp_path, rgb):
    grey = rgb[..., 0]
    for name, array in (("grey.png", grey), ("alpha.png", np.dstack([rgb, grey]))):
        Image.fromarray(array).save(tmp_path / name)
        (frame,) = read_all(tmp_path / name)
        assert frame.rgb.shape == (96, 128, 3)


def test_picture_is_turned_upright(tmp_path, rgb):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "telephone.png"
    Image.fromarray(rgb).save(path, exif=exif)
    (frame,) = read_all(path)
    np.testing.assert_array_equal(frame.rgb, np.rot90(rgb, -1))


@pytest.mark.parametrize("degrees", [0, -90, 90, 180])
def test_video_is_turned_upright(rgb, degrees):
    """A telephone held upright records sideways, and says by how much to turn counter-clockwise."""
    recorded = SimpleNamespace(rotation=degrees, to_ndarray=lambda **_: rgb)
    np.testing.assert_array_equal(file_source._rgb(recorded), np.rot90(rgb, degrees // 90))


def test_truncated_picture(tmp_path, rgb):
    path = tmp_path / "road.png"
    Image.fromarray(rgb).save(path)
    with pytest.raises(VideoError, match=r"short_road\.png"):
        read_all(truncated(path))


def test_folder_in_natural_order(folder):
    (folder / "notes.txt").write_text("ignored")
    source = open_source(str(folder))
    assert (source.clock, source.count, source.single) == ("none", 3, False)
    frames = list(source)
    assert [frame.name for frame in frames] == ["frame1", "frame2", "frame10"]
    np.testing.assert_array_equal(frames[2].rgb, moving_picture(2))


def test_digits_that_do_not_count_are_letters(tmp_path, rgb):
    for name in ("a1²2.png", "a2.png", "a1.png"):
        Image.fromarray(rgb).save(tmp_path / name)
    assert [frame.name for frame in read_all(tmp_path)] == ["a1", "a1²2", "a2"]
    with pytest.raises(VideoError, match="no file ²"):
        open_source("²")


def test_two_pictures_of_one_name_are_refused(tmp_path, rgb):
    for name in ("a.png", "a.bmp"):
        Image.fromarray(rgb).save(tmp_path / name)
    with pytest.raises(VideoError, match="outputs of the same name"):
        open_source(tmp_path)


@pytest.mark.parametrize("values", [np.uint16, np.int32, np.float32])
def test_pictures_of_more_than_8_bits_are_refused(tmp_path, values):
    path = tmp_path / "deep.tif"
    Image.fromarray(np.full((96, 128), 30000, values)).save(path)
    with pytest.raises(VideoError, match="more than 8 bits"):
        read_all(path)


def test_time_begins_with_the_first_frame(tmp_path):
    path = tmp_path / "late.ts"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(moving_picture(index), format="rgb24")
            frame.pts = 15 * 3600 + index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    times = [frame.time_s for frame in read_all(path)]
    assert times == pytest.approx([index / 15 for index in range(6)], abs=1e-4)


@pytest.fixture
def web(tmp_path):
    """Address of a server of the folder."""
    handler = partial(QuietHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_file_on_a_web_server_ends(web, tmp_path):
    write_video(tmp_path / "road.mkv")
    source = open_source(f"{web}/road.mkv")
    assert source.clock == "file"
    assert len(list(source)) == 12
    source.close()


def test_hidden_pictures_and_subfolders_are_left_out(folder, rgb, caplog):
    (folder / "._frame1.png").write_bytes(b"what macOS adds")
    (folder / ".cache" / "a").mkdir(parents=True)
    Image.fromarray(rgb).save(folder / ".cache" / "a" / "b.png")
    assert [frame.name for frame in read_all(folder)] == ["frame1", "frame2", "frame10"]
    assert not [record for record in caplog.records if record.name.startswith("thermalsdk")]
    above = folder.parent
    with pytest.raises(VideoError, match=r"in subfolders only, such as frames/frame") as caught:
        open_source(above)
    assert "--format folder" in caught.value.hint
    deep = above / "one" / "two" / "three" / "four"
    deep.mkdir(parents=True)
    Image.fromarray(rgb).save(deep / "c.png")
    with pytest.raises(VideoError, match="holds no pictures"):
        open_source(above / "one")
    Image.fromarray(rgb).save(above / "a.png")
    assert len(read_all(above)) == len(read_all(above)) == 1
    assert caplog.text.count("subfolders") == 1


def test_a_folder_without_read_permission(folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(VideoError, match=r"cannot be read.*Permission"):
        open_source(folder)


@pytest.mark.parametrize("address", ["file://{}", "file://localhost{}"])
def test_a_file_address_is_a_path(tmp_path, address):
    write_video(tmp_path / "a road.mkv")
    for path in (tmp_path / "a road.mkv", tmp_path / "a%20road.mkv"):
        source = open_source(address.format(path))
        assert (source.clock, len(list(source))) == ("file", 12)
        source.close()
    with pytest.raises(VideoError, match="no file"):
        open_source("file:///absent.mp4")


@pytest.fixture
def silent_camera():
    """Serves, on a connection that stays open, what a test puts into the list, and nothing more."""
    content = []
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as connections:

        def serve():
            with suppress(OSError):  # until the server is shut down
                while True:
                    connections.enter_context(server.accept()[0]).sendall(b"".join(content))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}", content
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_camera_that_falls_silent_is_given_up(silent_camera, tmp_path, monkeypatch):
    monkeypatch.setattr(video_file, "_PATIENCE_S", 3.0)
    address, content = silent_camera
    with pytest.raises(VideoError, match=r"sends nothing for 3 s while it is opened") as caught:
        VideoSource(address)
    assert "network" in caught.value.hint
    content.append(write_video(tmp_path / "road.ts", frames=200).read_bytes())
    frames = []
    with pytest.raises(VideoError, match=r"sends nothing for 3 s after frame"):
        frames.extend(VideoSource(address))
    assert len(frames) > 100


def test_a_title_in_another_encoding(tmp_path):
    path = tmp_path / "road.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Stra~e"
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(moving_picture(0), format="rgb24")))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes().replace(b"Stra~e", "Straße".encode("latin-1")))
    assert VideoFile(path).tags["TITLE"] == "Stra\ufffde"


def test_empty_folder(tmp_path):
    with pytest.raises(VideoError, match="holds no pictures"):
        open_source(tmp_path)


def test_arrays(rgb):
    bgr = rgb[..., ::-1]
    frames = read_all((array for array in [bgr, bgr]), color="bgr")
    assert len(frames) == 2
    np.testing.assert_array_equal(frames[0].rgb, rgb)
    assert open_source([rgb]).count == 1


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_frames_outlive_a_buffer_that_is_filled_again(color):
    buffer = np.empty((64, 64, 3), np.uint8)

    def program():
        for value in range(3):
            buffer[...] = value
            yield memoryview(buffer) if value == 1 else buffer

    assert [frame.rgb.max() for frame in read_all(program(), color=color)] == [0, 1, 2]


def test_bad_array_in_the_middle(rgb):
    with pytest.raises(DtypeError):
        read_all([rgb, rgb.astype(np.float32)])


@pytest.mark.parametrize("number", [-1, True, np.int64(-1)])
def test_what_is_no_camera(number):
    with pytest.raises(VideoError, match="is no camera"):
        open_source(number)


def test_what_is_no_source(rgb):
    with pytest.raises(VideoError, match="float gives no frames"):
        open_source(1.5)
    with pytest.raises(OptionError, match="color"):
        open_source([rgb], color="hsv")


class FakeCapture:
    """Stands in for cv2.VideoCapture: three frames, then nothing."""

    def __init__(self, number):
        self.left = 3 if number == 0 else 0

    def isOpened(self):  # noqa: N802
        return self.left > 0

    def get(self, prop):
        return 30.0

    def read(self):
        self.left -= 1
        return self.left >= 1, np.full((96, 128, 3), (255, 0, 0), np.uint8)

    def release(self):
        self.left = 0


def test_camera(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    source = CameraSource(0)
    assert (source.clock, source.rate) == ("live", 30.0)
    frames = iter(source)
    assert next(frames).rgb[0, 0].tolist() == [0, 0, 255]
    next(frames)
    with pytest.raises(VideoError, match="stopped after 2 frames"):
        next(frames)
    source.close()
    with pytest.raises(VideoError, match="camera 7 cannot be opened"):
        open_source(7)


def test_camera_that_stops_is_opened_again(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE_S", 0.001)
    source = open_source("0")
    assert (source.clock, source.rate) == ("live", 30.0)
    frames = iter(source)
    assert [next(frames).index for _ in range(5)] == [0, 1, 2, 3, 4]
    source.close()


class Held:
    """A place in a reader's way where it waits until the test lets it go on."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def wait(self):
        self.reached.set()
        assert self.go_on.wait(30)


def close_in_the_middle_of_a_read(source, held, is_freed):
    frames = []
    reader = threading.Thread(target=lambda: frames.extend(source))
    reader.start()
    assert held.reached.wait(30)
    source.close()
    assert not is_freed()
    held.go_on.set()
    reader.join(30)
    assert is_freed()
    assert list(source) == []
    return frames


def test_a_video_is_not_closed_in_the_middle_of_a_read(video, monkeypatch):
    """FFmpeg crashes where one thread frees what another one reads."""
    source, held, freed = VideoSource(video), Held(), []
    container, guard = source._file._container, source._file._guard

    def demux(stream):
        for number, packet in enumerate(container.demux(stream)):
            if number == 5:
                held.wait()
            yield packet

    monkeypatch.setattr(source._file, "_container", SimpleNamespace(demux=demux))
    monkeypatch.setattr(guard, "_free", lambda: freed.append(container.close()))
    assert len(close_in_the_middle_of_a_read(source, held, lambda: bool(freed))) < 12


def test_a_camera_is_not_released_in_the_middle_of_a_read(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    held = Held()

    class Slow(FakeCapture):
        def read(self):
            held.wait()
            return super().read()

    monkeypatch.setattr(cv2, "VideoCapture", Slow)
    source = CameraSource(0)
    assert len(close_in_the_middle_of_a_read(source, held, lambda: not source._capture.isOpened())) == 1


def test_absent_packages(monkeypatch, video):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependency, match="PyAV") as caught:
        open_source(video)
    assert "thermalsdk[video]" in caught.value.hint
    with pytest.raises(MissingDependency, match="OpenCV"):
        open_source(0)


def test_an_open_source_is_returned_as_it_is(video):
    source = open_source(Path(video))
    assert open_source(source) is source
    source.close()
