"""The data set reader and writer: round trips, and one clear error for each thing that can be wrong."""

import json

import numpy as np
import pytest
from PIL import Image

from train.data import Box, Dataset, DatasetError, DatasetWriter, FrameSpec, ThermalSpec

CENTIKELVIN = ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True)


def edit(root, change):
    path = root / "dataset.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def save(path, pixels):
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("thermal", [ThermalSpec(), CENTIKELVIN], ids=["counts8", "centikelvin16"])
def test_round_trip(make_dataset, thermal):
    dataset = Dataset.open(make_dataset(thermal=thermal))
    assert dataset.name == "small"
    assert dataset.thermal == thermal
    assert dataset.stems("train") == ("frame0", "frame1")
    assert dataset.stems("val") == ("frame2", "frame3")
    assert dataset.stems("test") == ()
    sample = dataset.sample("frame1")
    assert sample.night
    assert dataset.is_night("frame1")
    assert (sample.sequence, sample.label_source) == ("clip1", "pseudo")
    assert sample.rgb.shape == (64, 80, 3)
    assert sample.rgb.dtype == np.uint8
    assert sample.thermal_kelvin.dtype == np.float32
    assert sample.instances.dtype == np.uint16
    assert sorted(np.unique(sample.labels)) == [0, 1, 2, 3, 255]
    np.testing.assert_array_equal(sample.source_map, sample.labels)
    assert sample.boxes[1] == Box("person", 50, 16, 60, 52)
    assert sample.temperatures == {1: 288.0, 2: 296.0}
    np.testing.assert_allclose(
        sample.thermal_kelvin, thermal.offset_kelvin + thermal.kelvin_per_count * sample.raw_counts, rtol=1e-6
    )


def test_optional_parts_may_be_absent(make_dataset):
    sample = Dataset.open(make_dataset(maps=None, label_source=None)).sample("frame0")
    assert sample.labels is None
    assert sample.source_map is None


BAD_JSON = {
    "version": (lambda d: d.update(format_version=2), "format_version"),
    "no name": (lambda d: d.pop("name"), "name"),
    "no licence": (lambda d: d.update(licence=""), "licence"),
    "no classes": (lambda d: d.update(classes=[]), "classes"),
    "class twice": (lambda d: d.update(classes=["car", "car"]), "repeat"),
    "thermal field": (lambda d: d["thermal"].update(colour=1), "colour"),
    "encoding": (lambda d: d["thermal"].update(encoding="float"), "encoding"),
    "level": (lambda d: d["thermal"].update(level="high"), "level"),
    "radiometric": (lambda d: d["thermal"].update(radiometric=1), "radiometric"),
    "scale": (lambda d: d["thermal"].update(kelvin_per_count=0), "scale"),
    "centikelvin": (lambda d: d["thermal"].update(encoding="centikelvin16"), "centikelvin16"),
    "maps": (lambda d: d.update(maps=3), "maps"),
    "no frames": (lambda d: d.update(frames={}), "frames"),
    "stem": (lambda d: d["frames"].update({"a/b": {}}), "no stem"),
    "frame field": (lambda d: d["frames"].update(frame0={"sun": True}), "sun"),
    "night": (lambda d: d["frames"]["frame0"].update(night="no"), "night"),
    "sequence": (lambda d: d["frames"]["frame0"].update(sequence=1), "sequence"),
    "label source": (lambda d: d["frames"]["frame0"].update(label_source="guess"), "label_source"),
    "split name": (lambda d: d["splits"].update(dev=[]), "splits"),
    "split type": (lambda d: d["splits"].update(test="frame0"), "no list"),
    "stem twice": (lambda d: d["splits"]["val"].append("frame0"), "again in val"),
    "stem unknown": (lambda d: d["splits"]["val"].append("frame9"), "frame9"),
    "frame in no split": (lambda d: d["splits"]["val"].pop(), "in no split"),
}


@pytest.mark.parametrize(("change", "words"), BAD_JSON.values(), ids=BAD_JSON)
def test_bad_description(make_dataset, change, words):
    root = make_dataset()
    edit(root, change)
    with pytest.raises(DatasetError, match=words) as caught:
        Dataset.open(root)
    assert str(root / "dataset.json") in caught.value.message
    assert caught.value.hint


BAD_FILES = {
    "dataset.json": (lambda p: p.write_text("{"), "not valid JSON"),
    "dataset.json ": (lambda p: p.write_text("[]"), "no JSON object"),
    "dataset.json  ": (lambda p: p.unlink(), "missing"),
    "rgb/frame0.png": (lambda p: p.unlink(), "missing"),
    "rgb/frame0.png ": (lambda p: save(p, np.zeros((64, 80), np.uint8)), "expected 8-bit RGB"),
    "rgb/frame0.png  ": (lambda p: p.write_text("no picture"), "not a readable picture"),
    "thermal/frame0.png": (lambda p: save(p, np.zeros((64, 80), np.uint16)), "expected 8-bit grey"),
    "thermal/frame1.png": (lambda p: save(p, np.zeros((64, 79), np.uint8)), "79x64"),
    "thermal/frame2.png": (lambda p: p.unlink(), "missing"),
    "labels/frame0.png": (lambda p: save(p, np.zeros((32, 40), np.uint8)), "40x32"),
    "labels/frame1.png": (lambda p: p.unlink(), "missing"),
    "maps/frame0.png": (lambda p: p.unlink(), "missing"),
    "instances/frame0.png": (lambda p: save(p, np.zeros((64, 80), np.uint8)), "expected 16-bit grey"),
    "boxes.json": (lambda p: p.write_text('{"frame0": [["car", 1, 2, 1, 4]]}'), "box"),
    "boxes.json ": (lambda p: p.write_text('{"frame0": [["car", 1, 2, 81, 4]]}'), "leaves"),
    "boxes.json  ": (lambda p: p.write_text('{"frame9": []}'), "frame9"),
    "boxes.json   ": (lambda p: p.write_text('{"frame0": 3}'), "no list"),
    "temperatures.json": (lambda p: p.write_text('{"frame0": {"car": 290}}'), "instance ids"),
    "temperatures.json ": (lambda p: p.write_text("[]"), "no JSON object"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_named_on_opening(make_dataset, name):
    root = make_dataset()
    spoil, words = BAD_FILES[name]
    spoil(root / name.strip())
    with pytest.raises(DatasetError, match=words) as caught:
        Dataset.open(root)
    assert name.strip() in caught.value.message
    assert caught.value.hint


def test_no_folder(tmp_path):
    with pytest.raises(DatasetError, match="no folder"):
        Dataset.open(tmp_path / "absent")


def test_unknown_label_id_is_named_on_reading(make_dataset):
    root = make_dataset()
    save(root / "labels" / "frame0.png", np.full((64, 80), 7, np.uint8))
    with pytest.raises(DatasetError, match=r"label ids \[7\]"):
        Dataset.open(root).sample("frame0")


@pytest.mark.parametrize("folder", ["rgb", "thermal", "labels"])
def test_truncated_picture_is_named_on_reading(make_dataset, folder):
    root = make_dataset()
    path = root / folder / "frame0.png"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=r"frame0\.png"):
        Dataset.open(root).sample("frame0")


def test_unknown_stem_and_split(make_dataset):
    dataset = Dataset.open(make_dataset())
    with pytest.raises(DatasetError, match="frame9"):
        dataset.sample("frame9")
    with pytest.raises(DatasetError, match="dev"):
        dataset.stems("dev")


def writer(out):
    return DatasetWriter(out, name="w", classes=("background",), thermal=None, source="s", licence="l")


def test_an_exception_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), writer(tmp_path / "out") as target:
        target.add("train", "a", np.zeros((64, 64, 3), np.uint8), temperatures={1: 1 / 0})
    assert list(tmp_path.iterdir()) == []


def test_contradictory_frames_leave_nothing(tmp_path):
    with pytest.raises(DatasetError, match="32x32"), writer(tmp_path / "out") as target:
        target.add(
            "train",
            "a",
            np.zeros((64, 64, 3), np.uint8),
            labels=np.zeros((32, 32), np.uint8),
            frame=FrameSpec(label_source="true"),
        )
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(DatasetError, match="already holds"), writer(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_an_empty_output_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    with writer(tmp_path / "out") as target:
        target.add("train", "a", np.zeros((64, 64, 3), np.uint8))
    assert Dataset.open(tmp_path / "out").stems("train") == ("a",)


def test_a_stem_twice_is_refused(tmp_path):
    with writer(tmp_path / "out") as target:
        target.add("train", "a", np.zeros((64, 64, 3), np.uint8))
        with pytest.raises(DatasetError, match="twice"):
            target.add("val", "a", np.zeros((64, 64, 3), np.uint8))


def test_a_missing_picture_to_copy_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"absent\.jpg"), writer(tmp_path / "out") as target:
        target.add("train", "a", tmp_path / "absent.jpg")
