"""Preparation of each source from a small imitation of its folder, and of the real ones where present."""

import json

import av
import numpy as np
import pytest
from PIL import Image

from thermalsdk.labels import STREET_CLASSES
from train.data import Box, DatasetError
from train.data.sources import SOURCES, msrs
from train.prepare import prepare

PERSON, CAR, ROAD, SKY = (STREET_CLASSES.index(name) for name in ("person", "car", "road", "sky"))


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **({"quality": 95} if path.suffix in (".jpg", ".jpeg") else {}))


def picture(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def msrs_folder(tmp_path):
    src = tmp_path / "msrs-src"
    train_ids = np.zeros((120, 160), np.uint8)
    train_ids[:25] = 10
    train_ids[118:] = 255
    for seed, stem in enumerate(("00001N", "00002D", "00003D")):
        save(src / "rgb" / f"{stem}.jpg", picture(seed, 120, 160, 3))
        save(src / "thermal" / f"{stem}.png", picture(seed + 9, 120, 160))
        save(src / "labels_pseudo" / f"{stem}.png", train_ids)
        (src / "boxes").mkdir(exist_ok=True)
        (src / "boxes" / f"{stem}.txt").write_text(
            "0 0.5 0.5 0.1 0.25\n2 0.02 0.5 0.1 0.1\n1 0.5 0.5 0.1 0.1"
        )
    (src / "boxes" / "00003D.txt").write_text("")
    (src / "splits.json").write_text(json.dumps({"train": ["00001N", "00002D"], "val": ["00003D"]}))
    return src


def test_msrs(msrs_folder, tmp_path):
    dataset = prepare("msrs", msrs_folder, tmp_path / "out")
    assert dataset.classes == STREET_CLASSES
    assert dataset.stems("val") == ("00003D",)
    night, day = dataset.sample("00001N"), dataset.sample("00002D")
    source = np.array(Image.open(msrs_folder / "thermal" / "00001N.png"))
    np.testing.assert_array_equal(night.raw_counts[:117], source[3:])
    np.testing.assert_array_equal(night.raw_counts[117:], np.repeat(source[-1:], 3, axis=0))
    np.testing.assert_allclose(night.thermal_kelvin, 273.15 + 0.2 * night.raw_counts, rtol=1e-6)
    assert (night.night, day.night) == (True, False)
    box = (slice(45, 75), slice(72, 88))
    assert (night.source_map[box] == msrs.PERSON_TRAIN_ID).all()
    assert (night.labels[box] == PERSON).all()
    assert (day.labels[box] == ROAD).all()
    assert np.count_nonzero(night.labels == PERSON) == 30 * 16
    assert (night.labels[0, 0], night.labels[119, 0]) == (SKY, 255)
    assert [b.name for b in day.boxes] == ["person", "car", "bicycle"]
    assert day.boxes[1][1:] == pytest.approx((0.0, 54.0, 11.2, 66.0))
    assert dataset.sample("00003D").boxes == ()


@pytest.mark.parametrize("line", ["0 0.5 0.5 0.1", "7 0.5 0.5 0.1 0.1", "x 0 0 0 0"])
def test_msrs_bad_box(msrs_folder, tmp_path, line):
    (msrs_folder / "boxes" / "00002D.txt").write_text(line)
    with pytest.raises(DatasetError, match=r"00002D\.txt"):
        prepare("msrs", msrs_folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name",
    ["rgb/00002D.jpg", "thermal/00002D.png", "labels_pseudo/00002D.png", "boxes/00002D.txt", "splits.json"],
)
def test_msrs_missing_file_is_named(msrs_folder, tmp_path, name):
    (msrs_folder / name).unlink()
    with pytest.raises(DatasetError, match=name.split("/")[-1]):
        prepare("msrs", msrs_folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["msrs-src"]


def test_roadscene(tmp_path):
    src = tmp_path / "src"
    for seed, stem in enumerate(("FLIR_1", "FLIR_2")):
        save(src / "rgb" / f"{stem}.jpg", picture(seed, 70, 90, 3))
        save(src / "thermal" / f"{stem}.jpg", np.full((70, 90, 3), 100, np.uint8))
        save(src / "labels_pseudo" / f"{stem}.png", np.full((70, 90), 13, np.uint8))
    (src / "splits.json").write_text(json.dumps({"train": ["FLIR_1"], "val": ["FLIR_2"]}))
    nights = {stem: {"name": stem, "night": night} for stem, night in (("FLIR_1", "0"), ("FLIR_2", "1"))}
    (src / "day_night.json").write_text(json.dumps(nights))
    dataset = prepare("roadscene", src, tmp_path / "out")
    assert dataset.thermal.level == "per-frame-gain"
    day, night = dataset.sample("FLIR_1"), dataset.sample("FLIR_2")
    assert (day.night, night.night) == (False, True)
    assert (day.label_source, night.label_source) == ("pseudo", "unreliable")
    assert (day.raw_counts == 100).all()
    assert (day.labels == CAR).all()
    nights["FLIR_2"]["night"] = "dusk"
    (src / "day_night.json").write_text(json.dumps(nights))
    with pytest.raises(DatasetError, match=r"day_night\.json"):
        prepare("roadscene", src, tmp_path / "other")
    (src / "day_night.json").write_text("{}")
    with pytest.raises(DatasetError, match="lacks FLIR_1"):
        prepare("roadscene", src, tmp_path / "other")


def test_camvid(tmp_path):
    src = tmp_path / "src"
    for split in ("train", "val", "test"):
        stem = f"0001TP_{split}"
        save(src / split / "rgb" / f"{stem}.jpg", picture(1, 72, 96, 3))
        save(src / split / "labels" / f"{stem}.png", np.tile(np.arange(12, dtype=np.uint8), (72, 8)))
    dataset = prepare("camvid", src, tmp_path / "out")
    assert dataset.thermal is None
    sample = dataset.sample("0001TP_val")
    assert sample.thermal_kelvin is None
    assert (sample.sequence, sample.label_source) == ("0001TP", "true")
    assert sample.labels[0, :12].tolist() == [SKY, 3, 0, ROAD, ROAD, 4, 0, 0, CAR, PERSON, PERSON, 255]
    (src / "test" / "rgb" / "0001TP_test.jpg").unlink()
    with pytest.raises(DatasetError, match=r"holds no \.jpg"):
        prepare("camvid", src, tmp_path / "other")


def write_clip(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for level in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 10 * level, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_m3svd(tmp_path):
    src = tmp_path / "src"
    for kind in ("rgb", "thermal"):
        write_clip(src / kind / "0111_1716.mp4", 11)
        write_clip(src / kind / "0117_1605.mp4", 6)
    dataset = prepare("m3svd", src, tmp_path / "out")
    assert dataset.stems("train") == ("0111_1716_000000", "0111_1716_000005", "0111_1716_000010")
    assert dataset.stems("test") == ("0117_1605_000000", "0117_1605_000005")
    sample = dataset.sample("0111_1716_000005")
    assert sample.sequence == "0111_1716"
    assert sample.labels is None
    assert abs(float(sample.raw_counts.mean()) - 50) < 3
    assert abs(float(sample.rgb.mean()) - 50) < 3


def test_m3svd_clips_of_different_length(tmp_path):
    src = tmp_path / "src"
    write_clip(src / "rgb" / "a.mp4", 6)
    write_clip(src / "thermal" / "a.mp4", 5)
    with pytest.raises(DatasetError, match="differ in length"):
        prepare("m3svd", src, tmp_path / "out")


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"no video"), lambda p: p.unlink()])
def test_m3svd_unreadable_clip(tmp_path, spoil):
    src = tmp_path / "src"
    for kind in ("rgb", "thermal"):
        write_clip(src / kind / "a.mp4", 2)
    spoil(src / "thermal" / "a.mp4")
    with pytest.raises(DatasetError, match=r"a\.mp4"):
        prepare("m3svd", src, tmp_path / "out")


@pytest.fixture
def crops_folder(tmp_path):
    src = tmp_path / "src"
    for number, (time, name) in enumerate(
        (t, n) for t in ("day", "night") for n in ("car", "person", "bicycle")
    ):
        stem = f"{6000 if number == 1 else number:05d}_0"
        save(src / "rgb" / time / name / f"{stem}.jpg", picture(number, 50, 40, 3))
        save(src / "thermal" / time / name / f"{stem}.jpeg", np.full((50, 40, 3), 20, np.uint8))
    return src


def test_flir_crops(crops_folder, tmp_path):
    dataset = prepare("flir_crops", crops_folder, tmp_path / "out")
    assert dataset.stems("val") == ("06000_0",)
    assert len(dataset.stems("train")) == 5
    sample = dataset.sample("00003_0")
    assert sample.night
    assert sample.boxes == (Box("car", 0, 0, 40, 50),)
    assert (sample.raw_counts == 20).all()


def test_flir_crops_bad_name(crops_folder, tmp_path):
    path = crops_folder / "rgb" / "day" / "car" / "00000_0.jpg"
    path.rename(path.with_name("car.jpg"))
    with pytest.raises(DatasetError, match=r"car\.jpg"):
        prepare("flir_crops", crops_folder, tmp_path / "out")


@pytest.mark.parametrize("source", SOURCES)
def test_a_folder_that_is_no_source(source, tmp_path):
    with pytest.raises(DatasetError, match="no folder"):
        prepare(source, tmp_path, tmp_path / "out")


def test_unknown_source(tmp_path):
    with pytest.raises(DatasetError, match="kitti"):
        prepare("kitti", tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_real_msrs_is_shifted(real_validation, real_data):
    dataset = real_validation("msrs")
    assert len(dataset.stems("val")) == 59
    sample = dataset.sample(dataset.stems("val")[0])
    source = np.array(Image.open(real_data / "msrs" / "thermal" / f"{sample.stem}.png"))
    np.testing.assert_array_equal(sample.raw_counts[:-3], source[3:])
