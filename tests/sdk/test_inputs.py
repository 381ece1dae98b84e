"""Bad input is refused with a typed error that names the fix, before any work is done."""

import json
from pathlib import Path

import numpy as np
import pytest

from thermalsdk import Synthesizer, Temperatures
from thermalsdk.errors import (
    DtypeError,
    LabelError,
    LabelTableError,
    OptionError,
    ShapeError,
    TemperatureError,
    VideoError,
)
from thermalsdk.labels import LabelTable, read_table
from thermalsdk.video import SourceFrame


def zeros(*shape, dtype=np.uint8):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("frame", "error", "fix"),
    [
        (zeros(96, 128), ShapeError, "np.stack"),
        (zeros(96, 128, 1), ShapeError, "np.stack"),
        (zeros(96, 128, 4), ShapeError, "[..., :3]"),
        (zeros(3, 96, 128), ShapeError, "np.moveaxis"),
        (zeros(2, 96, 128, 3), ShapeError, "one call each"),
        (zeros(0, 0, 3), ShapeError, "larger frame"),
        (zeros(0), ShapeError, "np.moveaxis"),
        (zeros(63, 128, 3), ShapeError, "larger frame"),
        (zeros(96, 63, 3), ShapeError, "larger frame"),
        (zeros(96, 128, 3, dtype=np.float32), DtypeError, "* 255"),
        (np.full((96, 128, 3), np.nan), DtypeError, "* 255"),
        (zeros(96, 128, 3, dtype=np.uint16), DtypeError, "(frame >> 8).astype"),
        (zeros(96, 128, 3, dtype=np.int32), DtypeError, "Scale its values"),
        (zeros(96, 128, 3, dtype=bool), DtypeError, "astype"),
        (None, ShapeError, "cv2.imread gives None"),
        ("road.png", ShapeError, "Open the picture first"),
        (Path("road.png"), ShapeError, "Open the picture first"),
        (7, ShapeError, "np.moveaxis"),
    ],
)
def test_frames(synth, frame, error, fix):
    with pytest.raises(error) as caught:
        synth(frame)
    assert fix in caught.value.hint


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (zeros(95, 128), ShapeError, "95x128, the frame is 96x128"),
        (zeros(96, 128, 3), ShapeError, "96x128x3"),
        (zeros(96, 128, dtype=np.float32), DtypeError, "integers"),
        (zeros(96, 128, dtype=bool), DtypeError, "integers"),
        (np.full((96, 128), 10, np.uint8), LabelError, "ids 10"),
        (np.full((96, 128), 255, np.uint8), LabelError, "ids 255"),
        (np.full((96, 128), 256, np.uint16), LabelError, "0 to 255"),
        (np.full((96, 128), -1, np.int64), LabelError, "-1"),
    ],
)
def test_labels(synth, rgb, labels, error, words):
    with pytest.raises(error, match=words):
        synth(rgb, labels=labels)


def test_unknown_numbering(synth, rgb, labels):
    with pytest.raises(LabelTableError, match="gta"):
        synth(rgb, labels=labels, label_ids="gta")


@pytest.mark.parametrize(
    ("instances", "error"),
    [
        (zeros(96, 127, dtype=np.uint16), ShapeError),
        (zeros(96, 128, dtype=np.float32), DtypeError),
        (np.full((96, 128), 65536), LabelError),
    ],
)
def test_instances(synth, rgb, labels, instances, error):
    with pytest.raises(error, match="instances"):
        synth(rgb, labels=labels, instances=instances)


@pytest.mark.parametrize(
    ("thermal_labels", "error", "words"),
    [
        (zeros(96, 127, dtype=np.float32), ShapeError, "96x127"),
        (np.full((96, 128), 29315, np.uint16), DtypeError, "kelvin"),
        (np.full((96, 128), 20.0), TemperatureError, "20 K"),
        (np.full((96, 128), np.nan), TemperatureError, "NaN"),
        (np.full((96, 128), np.inf), TemperatureError, "infinity"),
        (np.full((96, 128), 5000.0), TemperatureError, "5000 K"),
    ],
)
def test_thermal_labels(synth, rgb, labels, thermal_labels, error, words):
    with pytest.raises(error, match=words):
        synth(rgb, labels=labels, thermal_labels=thermal_labels)


@pytest.mark.parametrize(
    ("temperatures", "error"),
    [
        ("warm", OptionError),
        ({"ambient": 283.0}, TemperatureError),
        (None, TemperatureError),
        (Temperatures(ambient=283.0, classes={"bicycle": 290.0}), TemperatureError),
        (Temperatures(ambient=283.0, instances={1: 290.0}), TemperatureError),
    ],
)
def test_temperatures(synth, rgb, labels, temperatures, error):
    with pytest.raises(error):
        synth(rgb, labels=labels, temperatures=temperatures)


def test_two_sources_of_temperature(synth, rgb, labels):
    with pytest.raises(TemperatureError, match="both"):
        synth(
            rgb,
            labels=labels,
            temperatures=Temperatures(ambient=283.0),
            thermal_labels=np.full(labels.shape, 290.0),
        )


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (zeros(96, 128), DtypeError),
        (zeros(96, 127, dtype=np.float32), ShapeError),
        ([], DtypeError),
        (np.broadcast_to(np.float32(0), (96, 128)), DtypeError),
        (zeros(128, 96, dtype=np.float32).T, DtypeError),
    ],
)
def test_out(synth, rgb, out, error):
    with pytest.raises(error):
        synth(rgb, out=out)


def test_out_may_be_a_file_in_memory(synth, rgb, labels, tmp_path):
    out = np.memmap(tmp_path / "kelvin.raw", np.float32, "w+", shape=labels.shape)
    frame = synth(rgb, labels=labels, temperatures=Temperatures(ambient=283.0), out=out)
    assert frame.kelvin is out
    out.flush()
    written = np.fromfile(tmp_path / "kelvin.raw", np.float32).reshape(labels.shape)
    given = synth(rgb, labels=labels, temperatures=Temperatures(ambient=283.0))
    np.testing.assert_array_equal(written, given.kelvin)


def test_color(synth, rgb):
    with pytest.raises(OptionError, match="'hsv'"):
        synth(rgb, color="hsv")


def test_a_numbering_is_checked_without_labels_too(synth, rgb):
    with pytest.raises(LabelTableError, match="bogus"):
        synth(rgb, label_ids="bogus")
    with pytest.raises(LabelTableError, match="carla"):
        synth(rgb, label_ids=["carla"])


@pytest.fixture
def own_table(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"source": "me", "classes": {"7": "minibus", "40": "car"}, "default": "sky"}))
    return path


@pytest.mark.parametrize("kind", [str, Path, read_table])
def test_a_numbering_of_ones_own(synth, rgb, own_table, kind):
    ids = np.zeros((96, 128), np.int64)
    ids[50:70, 40:70] = 40
    label_ids = kind(own_table)
    expected = np.where(ids == 40, 8, 1)
    np.testing.assert_array_equal(synth(rgb, labels=ids, label_ids=label_ids).labels, expected)
    source = [SourceFrame(rgb, 0, None, "a", labels=ids)]
    (frame,) = synth.stream(MappedFrames(source), policy="all", label_ids=label_ids)
    np.testing.assert_array_equal(frame.labels, expected)


class MappedFrames:
    clock, rate, count, single = "none", None, 1, False

    def __init__(self, frames):
        self.frames = frames

    def __iter__(self):
        return iter(self.frames)

    def close(self):
        pass


@pytest.mark.parametrize("classes", [{7: "boat"}, {256: "car"}, {"7": "car"}])
def test_a_table_made_in_a_program_is_checked(classes):
    with pytest.raises(LabelTableError, match="mine"):
        LabelTable("mine", "me", classes, "void")


def test_names_of_instances_are_a_mapping(synth, rgb):
    with pytest.raises(OptionError, match="instance_names"):
        synth(rgb, instance_names=["BP_Truck_7"])


@pytest.mark.parametrize("names", [{7: 8}, {"7": "BP_Truck_7"}])
def test_names_of_instances_that_nothing_would_match(synth, rgb, names):
    with pytest.raises(OptionError, match="instance_names") as caught:
        synth(rgb, instance_names=names)
    assert "int(k)" in caught.value.hint


def test_an_array_is_no_camera(synth, rgb):
    with pytest.raises(OptionError, match="camera"):
        synth(rgb, camera=rgb)


def test_one_frame_is_no_stream(synth, rgb):
    with pytest.raises(VideoError, match="96x128x3 is one frame") as caught:
        synth.stream(rgb)
    assert "[rgb]" in caught.value.hint
    assert len(list(synth.stream(rgb[None]))) == 1


def test_a_frame_with_something_beside_it_is_no_frame(synth, rgb, labels):
    with pytest.raises(ShapeError, match="no array"):
        synth((rgb, labels))


@pytest.mark.parametrize("option", [{"threads": "2"}, {"threads": 0}, {"threads": True}, {"device": 0}])
def test_options_of_another_type_are_refused(tiny_bundle, option):
    with pytest.raises(OptionError, match=next(iter(option))):
        Synthesizer.load(tiny_bundle, **option)


def test_numbers_of_numpy_are_numbers(tiny_bundle, rgb):
    with Synthesizer.load(tiny_bundle, device="cpu", threads=np.int64(2), warmup=False) as synth:
        frames = list(synth.stream([rgb], in_flight=np.int64(1), steadiness=np.float32(0.5)))
    assert len(frames) == 1
