"""The examples of docs/formats.md and docs/twins.md run as they are printed."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from tests.sdk.data_sets import add, add_pictures, contents
from tests.sdk.documents import blocks
from thermalsdk.cli.main import main


def execute(command):
    program, *arguments = shlex.split(command)
    assert program == "thermalsdk"
    assert main([*arguments, "--device", "cpu"]) == 0


def test_examples_of_thermal_output(tmp_path, monkeypatch, video, rgb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "road.mp4").write_bytes(video.read_bytes())
    namespace = {"rgb": rgb}
    found = blocks("formats.md", "Thermal output")
    for language, text in found:
        if language == "sh":
            execute(text)
        else:
            exec(text, namespace)  # noqa: S102 - our own document
    assert [language for language, _ in found] == ["sh", "python", "python", "python", "python"]
    assert namespace["image"].counts.shape == (96, 128)
    with Image.open("l8.png") as picture:
        assert picture.mode == "L"
    assert {"thermal.mp4", "thermal.mkv", "frame.tif", "l8.png"} <= set(contents(tmp_path))


def test_examples_of_maps(tmp_path, monkeypatch, video):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "road.mp4").write_bytes(video.read_bytes())
    for command in blocks("formats.md", "Class maps and instance maps")[0][1].splitlines():
        execute(command)
    assert len(contents(tmp_path / "tags")) == 12
    assert {"day.mp4", "night.mp4"} <= set(contents(tmp_path))


def test_examples_of_label_tables(tmp_path, monkeypatch, synth, rgb):
    monkeypatch.chdir(tmp_path)
    (_, table), (_, code) = blocks("formats.md", "Label tables")
    (tmp_path / "mine.json").write_text(table)
    exec(code, {"synth": synth, "rgb": rgb, "ids": rgb[..., 0] % 3})  # noqa: S102 - our own document


@pytest.fixture
def data_sets(tmp_path, monkeypatch):
    """The folders that the examples name."""
    monkeypatch.chdir(tmp_path)
    add_pictures(tmp_path / "coco", ["train/a.jpg", "train/b.jpg"])
    add(
        tmp_path / "coco/train.json", json.dumps({"images": [{"file_name": "a.jpg"}, {"file_name": "b.jpg"}]})
    )
    add_pictures(tmp_path / "yolo", ["images/a.jpg"])
    add(tmp_path / "yolo/labels/a.txt", "0 0.5 0.5 0.1 0.2\n")
    add_pictures(tmp_path / "frames", ["1.png", "2.png"])
    for name in ("1.png", "2.png"):
        add(tmp_path / "tags" / name, np.full((96, 128), 7, np.uint8))
    return tmp_path


def test_examples_of_twins(data_sets):
    for command in blocks("twins.md")[0][1].splitlines():
        execute(command)
    assert {"train/a.png", "train/b.png", "train.json"} <= set(contents(data_sets / "coco_thermal"))
    assert {"images/a.png", "labels/a.txt"} <= set(contents(data_sets / "yolo_thermal"))
    assert contents(data_sets / "yolo_kelvin") == contents(data_sets / "yolo_thermal")
    assert {"1.png", "2.png"} <= set(contents(data_sets / "frames_thermal"))


def test_examples_of_twins_through_a_camera(data_sets):
    for command in blocks("twins.md", "Through a camera")[0][1].splitlines():
        execute(command)
    assert {"train/a.png", "train/b.png", "train.json"} <= set(contents(data_sets / "coco_boson"))
    assert {"images/a.png", "labels/a.txt"} <= set(contents(data_sets / "yolo_lepton"))


@pytest.mark.slow
def test_example_of_several_processes(data_sets):
    execute(blocks("twins.md", "More than one process")[0][1])
    assert {"1.png", "2.png"} <= set(contents(data_sets / "frames_thermal"))
