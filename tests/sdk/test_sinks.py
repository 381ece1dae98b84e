"""Sinks: what they write, and that an output is complete or absent."""

import json
import threading
import time
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import moving_picture
from thermalsdk.errors import ClosedError, OutputError, VideoError
from thermalsdk.formats import Provenance, ThermalImage, open_thermal_sink, read_thermal, read_thermal_frames
from thermalsdk.partial import Partial
from thermalsdk.video import BackgroundSink, Sink, open_display_sink, open_source
from thermalsdk.video.video_file import VideoFile


@pytest.fixture
def moving(video):
    source = open_source(video)
    yield source
    source.close()


@pytest.fixture
def still(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / "in.png")
    return open_source(tmp_path / "in.png")


PROVENANCE = Provenance(radiometric=False, bundle="tiny", bundle_hash="0" * 64)


def thermal(index, height=96, width=128, dtype=np.uint16):
    counts = np.random.default_rng(index).integers(0, np.iinfo(dtype).max + 1, (height, width))
    return ThermalImage(counts.astype(dtype), 0.01, 0.0, PROVENANCE)


def assert_same(images, others):
    for image, other in zip(images, others, strict=True):
        np.testing.assert_array_equal(image.counts, other.counts)
        assert (image.counts.dtype, image.scale, image.offset, image.provenance) == (
            other.counts.dtype,
            other.scale,
            other.offset,
            other.provenance,
        )


def write_all(sink, images):
    with sink:
        for index, image in enumerate(images):
            sink.write(image, f"{index:06d}")


def test_display_video(tmp_path, moving):
    path = tmp_path / "out.mp4"
    write_all(open_display_sink(path, moving), [moving_picture(index) for index in range(5)])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 15)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(frames) == 5
    assert np.abs(frames[2].astype(int) - moving_picture(2)).mean() < 6


def test_odd_sides_get_one_more_row_and_column(tmp_path, moving):
    path = tmp_path / "out.mp4"
    write_all(open_display_sink(path, moving), [moving_picture(0, 97, 131)])
    assert [frame.rgb.shape for frame in open_source(path)] == [(98, 132, 3)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["out.mkv", "out.npz", "out"])
def test_thermal_stream_is_lossless(tmp_path, moving, name, dtype):
    path = tmp_path / name
    images = [thermal(index, 97, 131, dtype) for index in range(12)]
    write_all(open_thermal_sink(path, moving), images)
    assert_same(read_thermal_frames(path), images)


def test_thermal_video_is_what_other_programs_expect(tmp_path, moving):
    path = tmp_path / "out.mkv"
    write_all(open_thermal_sink(path, moving), [thermal(0)])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.pix_fmt, stream.average_rate) == ("ffv1", "gray16le", 15)
        assert json.loads(container.metadata["DESCRIPTION"])["scale"] == 0.01
        np.testing.assert_array_equal(next(container.decode(video=0)).to_ndarray(), thermal(0).counts)


def test_thermal_video_has_one_scale(tmp_path, moving):
    other = ThermalImage(thermal(1).counts, 0.04, 0.0, PROVENANCE)
    with pytest.raises(OutputError, match="scale or provenance"):
        write_all(open_thermal_sink(tmp_path / "out.mkv", moving), [thermal(0), other])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "opener"), [("out.mp4", open_display_sink), ("out.mkv", open_thermal_sink)])
def test_dropped_frames_leave_their_time(tmp_path, moving, name, opener):
    places = (0, 1, 5, 6, 9)
    with opener(tmp_path / name, moving) as sink:
        for place in places:
            image = moving_picture(place) if name == "out.mp4" else thermal(place)
            sink.write(image, "", place)
    times = [time_s for _, time_s in VideoFile(tmp_path / name)]
    assert times == pytest.approx([place / 15 for place in places], abs=1e-3)


def test_a_thermal_video_is_no_colour_video(tmp_path, moving):
    write_all(open_thermal_sink(tmp_path / "out.mkv", moving), [thermal(0)])
    with pytest.raises(VideoError, match="more than 8 bits"):
        next(iter(open_source(tmp_path / "out.mkv")))


@pytest.mark.parametrize("rate", [1 / 3600, 0.5, 29.97, 240.0])
def test_the_rate_of_a_video(tmp_path, rate):
    source = SimpleNamespace(rate=rate, single=False)
    write_all(open_display_sink(tmp_path / "out.mp4", source), [moving_picture(i) for i in range(3)])
    with av.open(str(tmp_path / "out.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(np.diff(times), 1 / rate, rtol=1e-3)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -25.0])
def test_what_is_no_rate_leaves_nothing(tmp_path, rate):
    with pytest.raises(OutputError, match="make no video"):
        open_display_sink(tmp_path / "out.mp4", SimpleNamespace(rate=rate, single=False))
    assert list(tmp_path.iterdir()) == []


def test_a_sink_that_nobody_enters_leaves_nothing(tmp_path, still):
    open_display_sink(tmp_path / "out.png", still)
    assert list(tmp_path.glob(".out*")) == []


def test_a_frame_that_the_encoder_does_not_take(tmp_path, moving):
    with pytest.raises(OutputError, match="cannot be encoded as libx264") as caught:
        write_all(open_display_sink(tmp_path / "out.mp4", moving), [np.zeros((64, 16448, 3), np.uint8)])
    assert "folder" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.png", "out.tif", "out.tiff", "out.npz"])
def test_thermal_still_is_lossless(tmp_path, still, name):
    write_all(open_thermal_sink(tmp_path / name, still), [thermal(0)])
    assert_same([read_thermal(tmp_path / name)], [thermal(0)])


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.tif"])
def test_display_picture(tmp_path, still, rgb, name):
    smooth = moving_picture(3)
    write_all(open_display_sink(tmp_path / name, still), [smooth])
    with Image.open(tmp_path / name) as picture:
        assert np.abs(np.array(picture).astype(int) - smooth).mean() < 3


def test_folders(tmp_path, moving):
    write_all(open_display_sink(tmp_path / "display", moving), [moving_picture(0), moving_picture(1)])
    (tmp_path / "raw16").mkdir()
    write_all(open_thermal_sink(tmp_path / "raw16", moving), [thermal(0)])
    assert sorted(path.name for path in (tmp_path / "display").iterdir()) == ["000000.png", "000001.png"]
    with Image.open(tmp_path / "raw16" / "000000.png") as picture:
        np.testing.assert_array_equal(np.array(picture), thermal(0).counts)


def failing(folder, before, failure):
    """Pictures, and after them a failure when something has already been written."""
    for _ in range(60):  # the encoder holds the first frames back
        yield moving_picture(0)
    assert sorted(folder.iterdir()) != before
    raise failure("broken")


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("name", ["out.mp4", "out.png", "out"])
def test_failure_leaves_nothing(tmp_path, still, moving, name, failure):
    source = still if name == "out.png" else moving
    before = sorted(tmp_path.iterdir())
    sink = open_display_sink(tmp_path / name, source)
    with pytest.raises(failure):
        write_all(sink, failing(tmp_path, before, failure))
    assert sorted(tmp_path.iterdir()) == before


def test_failure_keeps_the_older_file(tmp_path, moving):
    path = tmp_path / "out.mp4"
    path.write_text("older")
    sink = open_display_sink(path, moving)
    with pytest.raises(ValueError, match="broken"):
        write_all(sink, failing(tmp_path, [path], ValueError))
    assert path.read_text() == "older"
    write_all(open_display_sink(path, moving), [moving_picture(0)])
    assert len(list(open_source(path))) == 1


def test_nothing_is_visible_before_the_end(tmp_path, moving):
    path = tmp_path / "out.mp4"
    with open_display_sink(path, moving) as sink:
        sink.write(moving_picture(0), "")
        assert not path.exists()
    assert path.exists()


def test_size_changes_only_in_folders(tmp_path, moving):
    images = [moving_picture(0), moving_picture(0, 64, 64)]
    with pytest.raises(OutputError, match="64x64"):
        write_all(open_display_sink(tmp_path / "out.mp4", moving), images)
    write_all(open_display_sink(tmp_path / "out", moving), images)


def test_refused_places(tmp_path, moving, still):
    full = tmp_path / "full"
    full.mkdir()
    (full / "thing").touch()
    for path, opener, words in [
        (tmp_path / "absent" / "out.mp4", open_display_sink, "does not exist"),
        (full, open_display_sink, "already holds files"),
        (tmp_path / "out.png", open_display_sink, "one picture, the source is read as a video"),
        (tmp_path / "out.xyz", open_display_sink, "suffix"),
        (tmp_path / "out.mp4", open_thermal_sink, "suffix"),
        (tmp_path / "out.jpg", open_thermal_sink, "suffix"),
    ]:
        with pytest.raises(OutputError, match=words):
            opener(path, moving)
    named = tmp_path / "folder.mp4"
    named.mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        open_display_sink(named, moving)


def test_disk_full(tmp_path, still, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OutputError, match="No space left"):
        write_all(open_display_sink(tmp_path / "out.png", still), [moving_picture(0)])


@pytest.mark.parametrize("name", ["out.mp4", "out.png", "out"])
def test_output_without_frames(tmp_path, still, name):
    with pytest.raises(OutputError, match="no frames"):
        write_all(open_display_sink(tmp_path / name, still), [])
    assert not (tmp_path / name).exists()


def test_closed_sink(tmp_path, still):
    sink = open_display_sink(tmp_path / "out.png", still)
    write_all(sink, [moving_picture(0)])
    with pytest.raises(ClosedError):
        sink.write(moving_picture(0), "")


class SlowSink(Sink):
    """Remembers what it got, and in which thread; fails at the frame named in `bad`."""

    def __init__(self, path, bad=None):
        super().__init__(Partial(path))
        self.bad, self.got, self.threads = bad, [], set()
        self._partial.temporary.touch()

    def _write(self, image, name, place):
        time.sleep(0.005)
        if name == self.bad:
            raise OSError("disk full")
        self.got.append((name, place, int(image[0, 0])))
        self.threads.add(threading.get_ident())

    def _finish(self):
        pass


def test_a_folder_takes_nothing_over_from_a_killed_process_of_its_number(tmp_path):
    leftover = Partial(tmp_path / "out", folder=True).temporary / "000099.png"
    leftover.touch()
    partial = Partial(tmp_path / "out", folder=True)
    assert not leftover.exists()
    (partial.temporary / "000000.png").touch()
    partial.commit()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["000000.png"]


def test_background_sink_keeps_order_and_completes(tmp_path):
    sink = SlowSink(tmp_path / "out.bin")
    with BackgroundSink(sink) as background:
        for index in range(20):
            background.write(np.full((2, 2), index, np.uint16), str(index), index)
    assert sink.got == [(str(index), index, index) for index in range(20)]
    assert threading.get_ident() not in sink.threads
    assert (tmp_path / "out.bin").exists()


@pytest.mark.parametrize("bad", ["3", "19"])
def test_background_sink_hands_errors_on_and_leaves_nothing(tmp_path, bad):
    def write_all():
        with BackgroundSink(SlowSink(tmp_path / "out.bin", bad)) as background:
            for index in range(20):
                background.write(np.zeros((2, 2), np.uint16), str(index))

    with pytest.raises(OutputError, match="disk full"):
        write_all()
    assert list(tmp_path.iterdir()) == []


def test_background_sink_of_a_block_that_fails_leaves_nothing(tmp_path):
    def fail():
        with BackgroundSink(SlowSink(tmp_path / "out.bin")) as background:
            background.write(np.zeros((2, 2), np.uint16), "0")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
