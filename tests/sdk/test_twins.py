"""Thermal twins of data sets: names, annotations, resuming, several processes."""

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import moving_picture
from tests.sdk.data_sets import (
    add,
    add_large_pictures,
    add_pictures,
    children,
    contents,
    thermalsdk_command,
    wait_for,
)
from thermalsdk import Synthesizer, Temperatures
from thermalsdk.errors import VideoError
from thermalsdk.formats import read_thermal
from thermalsdk.twins.coco_scale import scale_annotation
from thermalsdk.twins.layout import twin_name
from thermalsdk.twins.layouts import FORMATS, open_layout
from thermalsdk.twins.resumable import ResumableFolder
from thermalsdk.video.id_pictures import read_ids
from thermalsdk.video.picture_source import read_picture, read_size


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


@pytest.fixture
def coco(root):
    """The official layout: pictures by split, lists in a folder of their own."""
    add_pictures(root, ["train/a.jpg", "train/b.png", "val/a.jpg", "val/unlisted.jpg"])
    boxes = [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1.5, 2, 30, 40]}]
    for split, names in {"train": ["a.jpg", "b.png"], "val": ["a.jpg"]}.items():
        images = [{"id": place, "file_name": name, "width": 128} for place, name in enumerate(names)]
        data = {"info": {"note": "Straße"}, "images": images, "annotations": boxes}
        add(root / "annotations" / f"instances_{split}.json", json.dumps(data))
    add(root / "annotations" / "notes.json", "[1]")
    add(root / ".cache" / "c.jpg", moving_picture(9))
    return root


@pytest.fixture
def yolo(root):
    add_pictures(root, ["images/train/a.jpg", "images/train/b.jpg", "images/val/a.jpg"])
    add(root / "labels/train/a.txt", "0 0.5 0.5 0.1 0.2\n")
    add(root / "labels/val/a.txt", "2 0.1 0.1 0.1 0.1\n")
    add(root / "train.txt", "./images/train/a.jpg\n./images/train/b.jpg\n")
    add(root / "runs.yaml", "!!python/object:foo.Bar {}\n")
    add(root / "data.yaml", "path: ../datasets/mine  # root\ntrain: images/train\nnames:\n  0: person\n")
    return root


def test_coco(run, coco, synth, tmp_path):
    out, kelvin = tmp_path / "out", tmp_path / "kelvin"
    code, text, _ = run("run", coco, out, "--format", "coco", "--raw16", kelvin, "--json")
    assert code == 0
    facts = json.loads(text)
    assert (facts["pictures"], facts["made"], facts["annotation_files"], facts["left_out"]) == (3, 3, 3, 1)
    names = [
        "annotations/instances_train.json",
        "annotations/instances_val.json",
        "annotations/notes.json",
        "thermalsdk.json",
        "train/a.png",
        "train/b.png",
        "val/a.png",
    ]
    assert contents(out) == contents(kelvin) == names
    before = json.loads((coco / "annotations/instances_train.json").read_text())
    after = json.loads((out / "annotations/instances_train.json").read_text(encoding="utf-8"))
    assert [image["file_name"] for image in after["images"]] == ["a.png", "b.png"]
    for image in after["images"]:
        image["file_name"] = image["file_name"].replace("a.png", "a.jpg")
    assert after == before
    frame = synth(np.array(Image.open(coco / "train/b.png")))
    with Image.open(out / "train/b.png") as picture:
        np.testing.assert_array_equal(np.array(picture), frame.colorize("white-hot"))
    image = read_thermal(kelvin / "train/b.png")
    np.testing.assert_array_equal(image.counts, frame.raw16)
    assert (image.provenance.bundle, image.provenance.bundle_hash) == ("tiny", synth.info.bundle_hash)


def test_coco_beside_the_pictures_and_with_folders_in_its_names(root):
    add_pictures(root, ["train/a.jpg", "val/a.jpg", "deep/images/b.JPG"])
    add(root / "val/_annotations.coco.json", json.dumps({"images": [{"file_name": "a.jpg"}]}))
    add(root / "deep/result.json", json.dumps({"images": [{"file_name": "images\\b.JPG"}]}))
    layout = open_layout("coco", root)
    assert [path.as_posix() for path in layout.pictures] == ["deep/images/b.JPG", "val/a.jpg"]
    assert [path.as_posix() for path in layout.left_out] == ["train/a.jpg"]
    layout.write_annotations(root / "out")
    data = json.loads((root / "out/deep/result.json").read_text())
    assert data["images"][0]["file_name"] == "images\\b.png"


def test_yolo(run, yolo, tmp_path):
    out = tmp_path / "out"
    assert run("run", yolo, out, "--format", "yolo")[0] == 0
    assert contents(out) == [
        "data.yaml",
        "images/train/a.png",
        "images/train/b.png",
        "images/val/a.png",
        "labels/train/a.txt",
        "labels/val/a.txt",
        "runs.yaml",
        "thermalsdk.json",
        "train.txt",
    ]
    for name in ("labels/train/a.txt", "labels/val/a.txt"):
        assert (out / name).read_text() == (yolo / name).read_text()
    assert (out / "train.txt").read_text() == "./images/train/a.png\n./images/train/b.png\n"
    # Without `path`, the pictures are looked for beside the file: never the colour pictures again.
    lines = (out / "data.yaml").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[1:] == (yolo / "data.yaml").read_text().splitlines()[1:]


def test_folder_with_class_maps(run, root, synth, labels, tmp_path):
    add_pictures(root, ["day/1.jpg", "day/10.jpg", "night/1.bmp"])
    add(root / "day/1.xml", "<annotation/>")
    maps = tmp_path / "maps"
    for name in ("day/1.png", "day/10.png", "night/1.png"):
        add(maps / name, labels)
    out, kelvin = tmp_path / "out", tmp_path / "kelvin"
    arguments = ("run", root, out, "--format", "folder", "--raw16", kelvin, "--labels", maps)
    assert run(*arguments)[0] == 0
    assert contents(out) == ["day/1.png", "day/1.xml", "day/10.png", "night/1.png", "thermalsdk.json"]
    frame = synth(np.array(Image.open(root / "night/1.bmp")), labels=labels)
    np.testing.assert_array_equal(read_thermal(kelvin / "night/1.png").counts, frame.raw16)


def test_objects_by_name_and_kept_class_maps(run, root, synth, tmp_path):
    add_pictures(root, ["day/1.jpg", "night/1.jpg"])
    ids = np.zeros((96, 128), np.uint16)
    ids[40:80, 30:80] = 300
    for name in ("day/1.png", "night/1.png"):
        add(tmp_path / "ids" / name, ids)
    add(tmp_path / "ids" / "names.json", json.dumps({"300": "BP_Truck_7"}))
    scene = tmp_path / "scene.yaml"
    scene.write_text("unit: celsius\nambient: 10\ninstances: {'BP_Truck.*': 45}\n")
    options = ("--format", "folder", "--instances", tmp_path / "ids", "--temperatures", scene)
    outputs = ("--raw16", tmp_path / "kelvin", "--save-labels", tmp_path / "tags")
    assert run("run", root, tmp_path / "out", *options, *outputs)[0] == 0
    colours = np.array(Image.open(root / "night/1.jpg"))
    temperatures = Temperatures(ambient=283.15, instances={300: 318.15})
    frame = synth(colours, instances=ids, temperatures=temperatures)
    np.testing.assert_array_equal(read_thermal(tmp_path / "kelvin/night/1.png").counts, frame.raw16)
    assert contents(tmp_path / "tags") == ["day/1.png", "night/1.png", "thermalsdk.json"]
    np.testing.assert_array_equal(read_ids(tmp_path / "tags/night/1.png"), frame.labels)

    scene.write_text("unit: celsius\nambient: 10\ninstances: {300: 45}\n")
    again = ("run", root, tmp_path / "out_again", *options, "--labels", tmp_path / "tags")
    again = (*again, "--raw16", tmp_path / "again", "--json")
    assert json.loads(run(*again)[1])["made"] == 2
    assert json.loads(run(*again)[1])["made"] == 0
    for name in ("day/1.png", "night/1.png"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "kelvin" / name).read_bytes()


def test_temperatures_of_a_preset(run, root, synth, tmp_path):
    add_pictures(root, ["a.png"])
    out, kelvin = tmp_path / "out", tmp_path / "kelvin"
    arguments = ("run", root, out, "--format", "folder", "--raw16", kelvin)
    assert run(*arguments, "--preset", "winter-night")[0] == 0
    frame = synth(np.array(Image.open(root / "a.png")), temperatures=Temperatures.preset("winter-night"))
    np.testing.assert_array_equal(read_thermal(kelvin / "a.png").counts, frame.raw16)
    code, _, err = run(*arguments, "--preset", "summer-noon")
    assert code == 1
    assert "another temperatures" in err


def test_a_conversion_in_this_process_closes_its_synthesizer(run, root, tmp_path, monkeypatch):
    add_pictures(root, ["a.jpg"])
    closed = []
    close = Synthesizer.close
    monkeypatch.setattr(Synthesizer, "close", lambda synth: closed.append(synth) or close(synth))
    assert run("run", root, tmp_path / "out", "--format", "folder")[0] == 0
    assert len(closed) == 1


def test_leftovers_of_killed_workers_do_not_stay(tmp_path):
    folder = ResumableFolder(tmp_path / "out", {})
    for name in (".LICENSE.4242.partial", ".a.4242.partial.png", ".a.partial.txt", "a.png"):
        (folder.path / name).touch()
    folder.commit()
    assert contents(tmp_path / "out") == [".a.partial.txt", "a.png", "thermalsdk.json"]


def test_a_class_map_of_too_many_pixels_is_named(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "map.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(VideoError, match=r"class map .*map\.png cannot be read"):
        read_ids(tmp_path / "map.png")


def test_finished_pictures_are_not_made_again(run, root, tmp_path):
    add_pictures(root, ["a.jpg", "b.jpg"])
    out = tmp_path / "out"
    assert json.loads(run("run", root, out, "--format", "folder", "--json")[1])["made"] == 2
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    add_pictures(root, ["a.jpg", "b.jpg", "c.jpg"])
    assert json.loads(run("run", root, out, "--format", "folder", "--json")[1])["made"] == 1
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert contents(out) == ["a.png", "b.png", "c.png", "thermalsdk.json"]
    code, _, err = run("run", root, out, "--format", "folder", "--palette", "ironbow")
    assert code == 1
    assert "another palette" in err
    code, _, err = run("run", root, out, "--format", "folder", "--processing-resolution", "240")
    assert code == 1
    assert "another processing_resolution" in err


def test_another_folder_of_the_same_name_is_another_job(run, labels, tmp_path):
    for place in ("here", "there"):
        add_pictures(tmp_path / place / "frames", ["a.jpg"])
        add(tmp_path / place / "tags" / "a.png", labels)
    here, there, out = tmp_path / "here", tmp_path / "there", tmp_path / "out"
    arguments = ("--format", "folder", "--labels")
    assert run("run", here / "frames", out, *arguments, here / "tags")[0] == 0
    code, _, err = run("run", there / "frames", out, *arguments, here / "tags")
    assert (code, "another source" in err) == (1, True)
    code, _, err = run("run", here / "frames", out, *arguments, there / "tags")
    assert (code, "another class_maps" in err) == (1, True)


@pytest.mark.parametrize("wrong", [("--precision", "fp16"), ("--backend", "nonsense")])
def test_a_job_that_was_refused_does_not_stand_in_the_way(run, root, tmp_path, wrong):
    add_pictures(root, ["a.jpg"])
    code, _, err = run("run", root, tmp_path / "out", "--format", "folder", *wrong)
    assert code != 0
    assert wrong[1] in err
    assert run("run", root, tmp_path / "out", "--format", "folder")[0] == 0


def test_pictures_taken_out_of_a_finished_folder_are_made_again(run, root, tmp_path):
    add_pictures(root, ["a.jpg"])
    out = tmp_path / "out"
    arguments = ("run", root, out, "--format", "folder", "--json")
    assert json.loads(run(*arguments)[1])["made"] == 1
    (out / "a.png").unlink()
    assert json.loads(run(*arguments)[1])["made"] == 1
    assert contents(out) == ["a.png", "thermalsdk.json"]


def test_a_broken_picture_keeps_the_others(run, root, tmp_path):
    add_pictures(root, ["a.jpg", "c.jpg"])
    (root / "b.jpg").write_text("no picture")
    out = tmp_path / "out"
    code, _, err = run("run", root, out, "--format", "folder")
    assert code == 1
    assert "b.jpg" in err
    assert not out.exists()
    (root / "b.jpg").unlink()
    assert json.loads(run("run", root, out, "--format", "folder", "--json")[1])["made"] == 1
    assert contents(out) == ["a.png", "c.png", "thermalsdk.json"]


def test_a_numbering_of_ones_own_is_part_of_the_job(run, root, labels, tmp_path):
    add_pictures(root, ["1.jpg"])
    add(tmp_path / "maps" / "1.png", labels)
    table = tmp_path / "mine.json"
    arguments = ("run", root, tmp_path / "out", "--format", "folder", "--save-labels", tmp_path / "kept")
    options = ("--labels", tmp_path / "maps", "--label-ids", table)
    for default in ("car", "road"):
        table.write_text(json.dumps({"source": "me", "classes": {"8": "person"}, "default": default}))
        code, _, err = run(*arguments, *options)
        assert (code, "another class_maps" in err) == ((0, False) if default == "car" else (1, True))
    np.testing.assert_array_equal(read_ids(tmp_path / "kept/1.png"), np.where(labels == 8, 9, 8))


def test_a_refused_class_map_is_named(run, root, labels, tmp_path):
    add_pictures(root, ["day/1.jpg", "day/2.jpg"])
    add(tmp_path / "maps" / "day/1.png", labels)
    add(tmp_path / "maps" / "day/2.png", labels[1:])
    options = ("--format", "folder", "--labels", tmp_path / "maps")
    code, _, err = run("run", root, tmp_path / "out", *options)
    assert code == 1
    assert f"{root / 'day/2.jpg'}, {tmp_path / 'maps/day/2.png'}: labels are 95x128" in err


def test_refused_before_any_work(run, coco, tmp_path):
    full = tmp_path / "full"
    add(full / "thing.txt", "")
    empty = tmp_path / "empty"
    empty.mkdir()
    twice = tmp_path / "twice"
    add_pictures(twice, ["a.jpg", "a.png"])
    absent = tmp_path / "absent"
    add_pictures(absent, ["a.jpg"])
    add(absent / "list.json", json.dumps({"images": [{"file_name": "b.jpg"}]}))
    broken = tmp_path / "broken"
    add_pictures(broken, ["a.jpg"])
    add(broken / "list.json", "{")
    far = tmp_path / "far"
    add_pictures(far, ["a.jpg"])
    add(far / "a.txt", "")
    add(far / "train.txt", "/data/a.jpg\n")
    far_yaml = tmp_path / "far_yaml"
    add_pictures(far_yaml, ["a.jpg"])
    add(far_yaml / "a.txt", "")
    add(far_yaml / "data.yaml", "train: '/data/images'\n")
    far_list = tmp_path / "far_list"
    add_pictures(far_list, ["a.jpg"])
    add(far_list / "a.txt", "")
    add(far_list / "data.yaml", "train:\n  - images\n  - /data/images\nnames: [person]\n")
    core = tmp_path / "core.yaml"
    core.write_text(CORE)
    by_instance = tmp_path / "temperatures.yaml"
    by_instance.write_text("unit: celsius\nambient: 10\ninstances: {7: 40}\n")
    out = tmp_path / "out"
    before = contents(tmp_path)
    for arguments, words in [
        ((tmp_path / "nowhere", out), "no folder"),
        ((empty, out), "no pictures"),
        ((twice, out), "same twin"),
        ((twice, out, "--format", "coco"), "no JSON file"),
        ((twice, out, "--format", "yolo"), "no label file"),
        ((twice, out, "--format", "voc"), "voc"),
        ((absent, out, "--format", "coco"), "lists b.jpg"),
        ((broken, out, "--format", "coco"), "list.json cannot be read"),
        ((far, out, "--format", "yolo"), "absolute"),
        ((far_yaml, out, "--format", "yolo"), "absolute"),
        ((coco, full), "already holds files"),
        ((coco, coco / "out"), "lies in another"),
        ((coco, out, "--raw16", out), "lies in another"),
        ((coco, tmp_path / "no" / "out"), "does not exist"),
        ((coco, out, "--labels", empty), "no class map"),
        ((coco, out, "--side-by-side"), "--side-by-side"),
        ((coco, out, "--follow-motion"), "--follow-motion"),
        ((far_list, out, "--format", "yolo"), "absolute"),
        ((coco, out, "--camera", core), "train/a.jpg (128x96) smaller"),
        ((coco, out, "--instances", empty), "no instance map"),
        ((coco, out, "--save-labels", out), "lies in another"),
        ((coco, out, "--temperatures", by_instance), "--instances"),
    ]:
        code, _, err = run("run", *arguments, "--workers", "1")
        assert (code, contents(tmp_path)) == (1, before), arguments
        assert words in err


#: A noisy core of 64x64 pixels, which makes pictures of 128x96 half as large.
CORE = """
name: core
resolution: {width: 64, height: 64}
noise: {netd_mk: 80}
fixed_pattern: {pixel_mk: 40}
palette: ironbow
"""


@pytest.fixture
def core(tmp_path):
    (tmp_path / "core.yaml").write_text(CORE)
    return tmp_path / "core.yaml"


def test_yolo_through_a_camera(run, yolo, core, tmp_path):
    out, kelvin = tmp_path / "out", tmp_path / "kelvin"
    arguments = ("run", yolo, out, "--format", "yolo", "--raw16", kelvin, "--camera", core)
    code, text, _ = run(*arguments, "--json")
    assert code == 0
    camera_hash = json.loads(text)["camera_hash"]
    images = [read_thermal(kelvin / f"images/{name}.png") for name in ("train/a", "train/b", "val/a")]
    assert {image.counts.shape for image in images} == {(48, 64)}
    assert {image.provenance.camera_hash for image in images} == {camera_hash}
    assert json.loads((out / "thermalsdk.json").read_text())["camera"] == camera_hash
    with Image.open(out / "images/val/a.png") as picture:
        assert np.ptp(np.array(picture), axis=-1).min() > 100  # ironbow, as the camera says
    for name in ("labels/train/a.txt", "labels/val/a.txt"):
        assert (out / name).read_text() == (yolo / name).read_text()


def test_coco_through_a_camera(run, root, core, tmp_path):
    """Boxes, polygons and masks shrink with the pictures that do not fit the detector."""
    add_pictures(root, ["large.jpg", "small.jpg"])
    add(root / "small.png", moving_picture(3, 64, 64))
    (root / "small.jpg").unlink()
    mask = np.zeros((96, 128), np.uint8)
    mask[20:60, 40:100] = 1
    images = [
        {"id": 1, "file_name": "large.jpg", "width": 128, "height": 96},
        {"id": 2, "file_name": "small.png", "width": 64, "height": 64},
    ]
    shape = {"bbox": [40, 20, 60, 40], "area": 2400, "keypoints": [41, 21, 2, 0, 0, 0]}
    polygon = {**shape, "segmentation": [[40, 20, 100, 20, 100, 60, 40, 60]]}
    crowd = {"bbox": [40, 20, 60, 40], "segmentation": {"size": [96, 128], "counts": runs(mask)}}
    annotations = [
        {"image_id": 1, **polygon},
        {"image_id": 1, "iscrowd": 1, **crowd},
        {"image_id": 2, **polygon},
    ]
    add(root / "list.json", json.dumps({"images": images, "annotations": annotations}))
    assert run("run", root, tmp_path / "out", "--format", "coco", "--camera", core)[0] == 0
    data = json.loads((tmp_path / "out/list.json").read_text())
    for image in data["images"]:
        with Image.open(tmp_path / "out" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (64, 48 if image["id"] == 1 else 64)
    scaled, masked, untouched = data["annotations"]
    assert scaled["bbox"] == [20, 10, 30, 20]
    assert scaled["area"] == 600
    assert scaled["keypoints"] == [20.5, 10.5, 2, 0, 0, 0]
    assert scaled["segmentation"] == [[20, 10, 50, 10, 50, 30, 20, 30]]
    assert masked["segmentation"] == {"size": [48, 64], "counts": runs(mask[::2, ::2])}
    assert untouched == annotations[2]


def runs(mask):
    """Uncompressed counts of COCO, one pixel after the other."""
    counts, current = [0], 0
    for value in mask.T.ravel():
        if value != current:
            counts.append(0)
            current = value
        counts[-1] += 1
    return counts


@pytest.mark.parametrize(
    ("size", "text", "counts"),  # by pycocotools 2.0
    [
        ((8, 12), "R144000000000>", [34, *[4] * 11, 18]),
        ((400, 300), "nd?Z5V70000000bbS3", [16030, *[170, 230] * 4, 170, 102200]),
    ],
)
def test_compressed_masks_of_coco(size, text, counts):
    annotation = {"segmentation": {"size": list(size), "counts": text}}
    scale_annotation(annotation, size, size)
    assert annotation["segmentation"] == {"size": list(size), "counts": counts}


def test_names_in_a_list_with_different_sizes_are_refused(run, root, core, tmp_path):
    add(root / "train/a.jpg", moving_picture(0))
    add(root / "val/a.jpg", moving_picture(0, 64, 64))
    add(root / "lists/all.json", json.dumps({"images": [{"file_name": "a.jpg"}]}))
    code, _, err = run("run", root, tmp_path / "out", "--format", "coco", "--camera", core)
    assert (code, "different sizes" in err) == (1, True)


def test_any_folder_through_a_camera_that_fits(run, root, tmp_path):
    """Other files may be anything: they are copied where no picture changes its size."""
    add_pictures(root, ["a.jpg"])
    add(root / "a.xml", "<annotation/>")
    assert run("run", root, tmp_path / "out", "--format", "folder", "--camera", "boson640")[0] == 0
    assert contents(tmp_path / "out") == ["a.png", "a.xml", "thermalsdk.json"]


def test_pictures_held_upright_are_measured_upright(tmp_path):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(moving_picture(0)).save(path, exif=exif)
    assert read_size(path) == read_picture(path).shape[:2] == (128, 96)
    (tmp_path / "b.jpg").write_text("no picture")
    with pytest.raises(VideoError, match="cannot be read"):
        read_size(tmp_path / "b.jpg")


def bytes_of(folder):
    return {name: (folder / name).read_bytes() for name in contents(folder) if name.endswith(".png")}


def test_noise_follows_from_a_pictures_name_alone(run, root, core, tmp_path):
    """Not from how many came before it in its worker: what one run makes in two halves is the same."""
    picture = moving_picture(0)
    for name in ("a.png", "b.png", "deep/a.png"):
        add(root / name, picture)

    def made(name):
        assert run("run", root, tmp_path / name, "--format", "folder", "--camera", core)[0] == 0
        return bytes_of(tmp_path / name)

    whole = made("whole")
    assert len(set(whole.values())) == 3
    (root / "a.png").unlink()
    rest = made("halves")
    add(root / "a.png", picture)
    assert rest == {name: whole[name] for name in ("b.png", "deep/a.png")}
    assert made("halves") == whole


@pytest.mark.slow
def test_two_processes_make_the_same_bytes_as_one(run, root, core, tmp_path):
    add_pictures(root, [f"{index}.png" for index in range(6)])
    arguments = ("run", root, "--format", "folder", "--camera", core)
    assert run(*arguments, tmp_path / "one", "--workers", 1)[0] == 0
    assert run(*arguments, tmp_path / "two", "--workers", 2)[0] == 0
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert len(bytes_of(tmp_path / "one")) == 6


def test_formats():
    assert set(FORMATS) == {"coco", "yolo", "folder"}
    assert twin_name("a.b/c.d.JPEG") == "a.b/c.d.png"


COUNT = 60


@pytest.fixture
def many(root):
    add_large_pictures(root, COUNT)
    return root


@pytest.mark.slow
def test_kill_and_resume(tiny_bundle, many, tmp_path):
    out = tmp_path / "out"
    partial = tmp_path / ".out.partial"
    arguments = thermalsdk_command(tiny_bundle, "run", many, out, "--format", "folder", "--workers", 2)
    process = subprocess.Popen(arguments)
    wait_for(lambda: len(list(partial.glob("*/[0-9]*.png"))) >= 5)
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    made = {path.relative_to(partial): path.stat().st_mtime_ns for path in partial.glob("*/[0-9]*.png")}
    assert 5 <= len(made) < COUNT
    assert not out.exists()
    for path in made:
        with Image.open(partial / path) as picture:
            assert picture.size == (512, 384)
            picture.load()
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout)["made"] == COUNT - len(made)
    assert {path: (out / path).stat().st_mtime_ns for path in made} == made
    expected = {twin_name(name) for name in contents(many)} | {"thermalsdk.json"}
    assert set(contents(out)) == expected
    assert not partial.exists()


@pytest.mark.slow
def test_killed_worker(tiny_bundle, many, tmp_path):
    process = subprocess.Popen(
        thermalsdk_command(tiny_bundle, "run", many, tmp_path / "out", "--format", "folder", "--workers", 2),
        stderr=subprocess.PIPE,
        text=True,
    )
    partial = tmp_path / ".out.partial"
    wait_for(lambda: len(list(partial.glob("*/[0-9]*.png"))) >= 3)
    os.kill(max(children(process.pid)), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "worker process was killed" in err
    assert "goes on from here" in err
