"""Frames through memory maps, and batches drawn ahead of their step."""

import os
from pathlib import Path

import numpy as np
import pytest

from train.array_file import ArrayFile, is_written, write_arrays
from train.box_labels import correct_by_boxes
from train.data import Dataset
from train.decoded import FIELDS, FOLDER, decode
from train.mixture import Mixture, unchanged
from train.read_ahead import ReadAhead
from train.scenes_dataset import prepare_scenes
from train.thermal_batch import LabelledMixture, WindowRules, draw_thermal_batch

RULES = WindowRules(batch=2, size=(64, 64), scales=(0.8, 1.2), object_share=0.5, segmented_share=0.0)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    prepare_scenes(tmp_path / "scenes", train=2, val=0, size=(64, 96))
    return tmp_path


def test_arrays_come_back_from_their_file(tmp_path: Path) -> None:
    arrays = {
        "bytes": np.arange(7, dtype=np.uint8),
        "picture": np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, ::-1],
        "wide": np.array([[1, 2**40]]),
    }
    write_arrays(tmp_path / "new" / "file", iter(arrays.items()))
    read = ArrayFile(tmp_path / "new" / "file")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype
    with pytest.raises(ValueError, match="read-only"):
        read["bytes"][0] = 1


def test_an_interrupted_file_does_not_count(tmp_path: Path) -> None:
    def interrupted():
        yield "first", np.zeros(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_arrays(tmp_path / "file", interrupted())
    assert not is_written(tmp_path / "file")


def test_two_processes_may_write_the_same_file(tmp_path: Path, monkeypatch) -> None:
    """The second one begins and ends while the first is at work."""

    def first():
        yield "first", np.zeros(3)
        with monkeypatch.context() as second:
            second.setattr(os, "getpid", lambda: 1)
            write_arrays(tmp_path / "file", [("whole", np.ones(2))])
        assert list(ArrayFile(tmp_path / "file")) == ["whole"]
        yield "second", np.ones(3)

    write_arrays(tmp_path / "file", first())
    assert list(ArrayFile(tmp_path / "file")) == ["first", "second"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("refine", [unchanged, correct_by_boxes])
def test_decoded_frames_are_those_of_the_dataset(make_dataset, refine) -> None:
    dataset = Dataset.open(make_dataset())
    frames = decode(dataset, "train", refine)
    assert len(frames) == 2
    for frame, stem in zip(frames, dataset.stems("train"), strict=True):
        expected = refine(dataset.sample(stem))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(frame, name), getattr(expected, name))
        assert (frame.stem, frame.night, frame.label_source) == (stem, expected.night, expected.label_source)


def test_frames_are_decoded_once_and_again_when_they_change(make_dataset, monkeypatch) -> None:
    root = make_dataset()
    first = decode(Dataset.open(root), "train", unchanged).path
    monkeypatch.setattr(Dataset, "sample", None)  # nothing is decoded a second time
    assert decode(Dataset.open(root), "train", unchanged).path == first
    monkeypatch.undo()
    label = next((root / "labels").iterdir())
    os.utime(label, (1, 1))
    again = decode(Dataset.open(root), "train", unchanged).path
    assert again != first
    assert not first.exists()


def test_a_folder_that_cannot_be_written_is_left_alone(make_dataset, tmp_path, monkeypatch) -> None:
    root = make_dataset()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != root.parent and access(path, mode))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = decode(Dataset.open(root), "train", unchanged).path
    assert path.is_relative_to(tmp_path / "cache")
    assert not (root.parent / FOLDER).exists()


def test_batches_do_not_depend_on_who_draws_them(scenes: Path) -> None:
    frames = LabelledMixture(Mixture(scenes, {"scenes": 1.0}, "shares"), {})

    def draw(index: int):
        return draw_thermal_batch(frames, RULES, 7, index)

    readers = [ReadAhead(draw, 4, workers) for workers in (0, 1)]
    for index in (1, 2, 3):
        here, ahead = (reader(index) for reader in readers)
        assert here.object_count == ahead.object_count
        for name in ("rgb", "labels", "objects", "thermal_labels", "errors"):
            np.testing.assert_array_equal(getattr(here, name), getattr(ahead, name))
    assert all(reader.waited > 0 for reader in readers)


def test_reading_starts_anew_at_another_step() -> None:
    reader = ReadAhead(lambda index: index * 10, 5, workers=0)
    assert [reader(2), reader(3), reader(0), reader(1)] == [20, 30, 0, 10]
