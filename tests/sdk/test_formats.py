"""Thermal files: every bit comes back, with what it means; foreign and damaged files are refused."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from tests.sdk.conftest import truncated
from thermalsdk import compositing
from thermalsdk.errors import DtypeError, FormatError, OptionError, OutputError, ShapeError, VideoError
from thermalsdk.formats import (
    L8,
    L16,
    Provenance,
    ThermalImage,
    open_thermal_sink,
    read_thermal,
    read_thermal_frames,
    write_thermal,
)
from thermalsdk.video import open_source

STILLS = (".png", ".tif", ".tiff", ".npz")
PROVENANCE = Provenance(radiometric=True, bundle="tiny", bundle_hash="ab" * 32, camera_hash="cd" * 32)

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
provenances = st.builds(Provenance, st.booleans(), text, text, st.none() | text)
images = st.builds(
    ThermalImage,
    st.sampled_from([np.uint8, np.uint16]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=2, max_dims=2, max_side=9))
    ),
    st.floats(1e-6, 1e3),
    st.floats(-1e3, 1e3),
    provenances,
)
kelvin_maps = arrays(np.float32, (3, 4), elements=st.floats(-100, 2000, width=32))


def assert_same(image, other):
    np.testing.assert_array_equal(image.counts, other.counts)
    assert image.counts.dtype == other.counts.dtype
    assert (image.scale, image.offset, image.provenance) == (other.scale, other.offset, other.provenance)


def raw16(seed=0):
    counts = np.random.default_rng(seed).integers(0, 65536, (96, 128)).astype(np.uint16)
    return ThermalImage.raw16(counts, PROVENANCE)


@pytest.mark.parametrize("suffix", STILLS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(image=images)
def test_still_round_trip(tmp_path, suffix, image):
    path = tmp_path / f"image{suffix}"
    write_thermal(path, image)
    assert_same(read_thermal(path), image)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(provenance=provenances, scale=st.floats(1e-6, 1e3), offset=st.floats(-1e3, 1e3))
def test_video_keeps_what_its_counts_mean(tmp_path, provenance, scale, offset):
    path = tmp_path / "video.mkv"
    image = ThermalImage(raw16().counts, scale, offset, provenance)
    with open_thermal_sink(path, open_source([])) as sink:
        sink.write(image, "")
    assert_same(next(read_thermal_frames(path)), image)


def test_other_libraries_read_the_same_counts(tmp_path):
    image = raw16()
    for suffix in STILLS:
        write_thermal(tmp_path / f"image{suffix}", image)
    read = [
        np.array(Image.open(tmp_path / "image.png")),
        cv2.imread(str(tmp_path / "image.png"), cv2.IMREAD_UNCHANGED),
        np.array(Image.open(tmp_path / "image.tif")),
        tifffile.imread(tmp_path / "image.tif"),
        cv2.imread(str(tmp_path / "image.tif"), cv2.IMREAD_UNCHANGED),
        np.load(tmp_path / "image.npz")["counts"],
    ]
    for counts in read:
        np.testing.assert_array_equal(counts, image.counts)
    with tifffile.TiffFile(tmp_path / "image.tif") as file:
        assert json.loads(file.pages.first.description)["camera_hash"] == "cd" * 32


def test_frames_of_a_folder_come_in_natural_order(tmp_path):
    for number in (10, 9, 1):
        write_thermal(tmp_path / f"{number}.png", raw16(number))
    for image, number in zip(read_thermal_frames(tmp_path), (1, 9, 10), strict=True):
        assert_same(image, raw16(number))
    assert_same(next(read_thermal_frames(tmp_path / "9.png")), raw16(9))


def test_kelvin():
    image = ThermalImage(np.array([[0, 29315]], np.uint16), 0.01, 0.0, PROVENANCE)
    np.testing.assert_array_equal(image.kelvin, np.array([[0.0, 293.15]], np.float32))
    nominal = ThermalImage(np.array([[0, 100]], np.uint8), 0.2, 273.15, PROVENANCE)
    np.testing.assert_array_equal(nominal.kelvin, np.array([[273.15, 293.15]], np.float32))


@pytest.mark.parametrize("pixels", [L16(), L8(), L16(resolution=0.04), L8(resolution=1.5)])
def test_every_count_survives_decoding(pixels):
    counts = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=pixels.dtype)[None]
    kelvin = ThermalImage(counts, pixels.resolution, 0.0, PROVENANCE).kelvin
    np.testing.assert_array_equal(pixels.encode(kelvin), counts)


def test_defaults_are_those_of_gz_sim():
    assert (L16().min_temp, L16().highest, L16().resolution) == (0.0, pytest.approx(655.35), 0.01)
    assert (L8().min_temp, L8().highest, L8().resolution) == (0.0, 765.0, 3.0)


@given(kelvin=kelvin_maps)
def test_l16_is_raw16(kelvin):
    kelvin[0, 0] = np.nan
    np.testing.assert_array_equal(L16().encode(kelvin), compositing.raw16(kelvin))


@given(
    kelvin=kelvin_maps,
    resolution=st.floats(1.0, 8.0),
    limits=st.tuples(st.floats(0, 200), st.floats(250, 900)),
)
def test_counts_are_within_half_a_step(kelvin, resolution, limits):
    for pixels in (L8(*limits, resolution), L16(*limits, resolution)):
        image = pixels.image(kelvin, PROVENANCE)
        wanted = np.clip(kelvin, limits[0], pixels.highest)
        assert np.abs(image.kelvin - wanted).max() <= resolution / 2 * 1.001
        assert image.counts.dtype == pixels.dtype


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (L16, {"resolution": 0.0}),
        (L16, {"resolution": float("nan")}),
        (L16, {"min_temp": 300.0, "max_temp": 280.0}),
        (L16, {"min_temp": -10.0}),
        (L16, {"min_temp": 700.0}),
        (L8, {"resolution": 0.01}),
    ],
)
def test_refused_pixels(pixels, options):
    with pytest.raises(OptionError):
        pixels(**options)


def test_refused_arrays():
    with pytest.raises(DtypeError):
        ThermalImage(np.zeros((2, 2), np.float32), 0.01, 0.0, PROVENANCE)
    with pytest.raises(ShapeError):
        ThermalImage(np.zeros((2, 2, 3), np.uint16), 0.01, 0.0, PROVENANCE)


def test_frames_where_a_still_is_read(tmp_path):
    with open_thermal_sink(tmp_path / "stream.npz", open_source([])) as sink:
        sink.write(raw16(), "000000")
    for name in ("stream.npz", "stream.mkv"):
        with pytest.raises(FormatError) as caught:
            read_thermal(tmp_path / name)
        assert "read_thermal_frames" in caught.value.hint


def test_folders_without_thermal_images(tmp_path):
    with pytest.raises(FormatError, match="no file or folder"):
        next(read_thermal_frames(tmp_path / "absent"))
    (tmp_path / "a.jpg").touch()
    (tmp_path / "._a.png").touch()
    with pytest.raises(FormatError, match="holds no thermal images"):
        next(read_thermal_frames(tmp_path))


@pytest.mark.parametrize("line", [(-0.01, 0.0), (0.0, 0.0), (0.01, float("inf")), ("0.01", 0.0), (None, 0.0)])
def test_counts_that_make_no_kelvin(line):
    with pytest.raises(OptionError, match="make no kelvin"):
        ThermalImage(raw16().counts, *line, PROVENANCE)


def test_scale_and_offset_may_be_numbers_of_numpy(tmp_path):
    image = ThermalImage(raw16().counts, np.float32(0.5), np.int64(3), PROVENANCE)
    write_thermal(tmp_path / "image.png", image)
    assert_same(read_thermal(tmp_path / "image.png"), image)


@pytest.mark.parametrize("suffix", STILLS)
def test_damaged_and_absent_files(tmp_path, suffix):
    path = tmp_path / f"image{suffix}"
    with pytest.raises(FormatError, match="No such file"):
        read_thermal(path)
    write_thermal(path, raw16())
    with pytest.raises(FormatError, match=re.escape(suffix)):
        read_thermal(truncated(path))
    path.write_text("nothing of the kind")
    with pytest.raises(FormatError, match="cannot be read"):
        read_thermal(path)


def test_a_bare_array_is_no_archive(tmp_path):
    path = tmp_path / "image.npz"
    with path.open("wb") as file:
        np.save(file, raw16().counts)
    for read in (read_thermal, lambda path: next(read_thermal_frames(path))):
        with pytest.raises(FormatError, match="no archive"):
            read(path)


@pytest.mark.parametrize("rate", [29.97, 240.0])
def test_video_cut_short(tmp_path, rate):
    path = tmp_path / "video.mkv"
    with open_thermal_sink(path, SimpleNamespace(rate=rate, single=False)) as sink:
        for seed in range(30):
            sink.write(raw16(seed), "", 2 * seed)
    assert len(list(read_thermal_frames(path))) == 30
    for share in (0.6, 0.9, 0.98):
        with pytest.raises(VideoError, match=r"cut short|damaged"):
            list(read_thermal_frames(truncated(path, share)))


def test_a_video_without_its_last_frame_is_cut_short(tmp_path):
    path = tmp_path / "video.mkv"
    with open_thermal_sink(path, open_source([])) as sink:
        for seed in range(5):
            sink.write(raw16(seed), "")
    with av.open(str(path)) as container:
        last = [packet.pos for packet in container.demux() if packet.size][-1]
    path.write_bytes(path.read_bytes()[:last])
    with pytest.raises(VideoError, match="cut short"):
        list(read_thermal_frames(path))


def test_foreign_files(tmp_path, video):
    counts = raw16().counts
    Image.fromarray(counts).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "b.tif", counts, description="by somebody else")
    np.savez(tmp_path / "c.npz", counts=counts)
    for name in ("a.png", "b.tif", "c.npz"):
        with pytest.raises(FormatError, match="no description"):
            read_thermal(tmp_path / name)
    with pytest.raises(FormatError, match="no still"):
        read_thermal(tmp_path / "d.jpg")
    colours = video.with_suffix(".mkv")
    colours.write_bytes(video.read_bytes())
    with pytest.raises(FormatError, match="not counts"):
        next(read_thermal_frames(colours))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 2"),
        ({"scale": None}, "damaged"),
        ({"scale": 0.0}, "scale 0"),
        ({"offset": float("inf")}, "offset inf"),
    ],
)
def test_headers_that_cannot_be_trusted(tmp_path, change, words):
    path = tmp_path / "image.tif"
    write_thermal(path, raw16())
    with tifffile.TiffFile(path) as file:
        header = json.loads(file.pages.first.description)
    tifffile.imwrite(path, raw16().counts, description=json.dumps({**header, **change}), metadata=None)
    with pytest.raises(FormatError, match=words):
        read_thermal(path)


def test_writing_is_complete_or_absent(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full)
    with pytest.raises(OutputError, match="No space left"):
        write_thermal(tmp_path / "image.tif", raw16())
    with pytest.raises(OutputError, match="suffix"):
        write_thermal(tmp_path / "image.jpg", raw16())
    assert list(Path(tmp_path).iterdir()) == []
