"""`thermalsdk run` with maps of its own: class maps that are kept and used again, and instance maps."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import moving_picture
from thermalsdk.formats import read_thermal_frames

CAR, TRUCK = 7, 300
OBJECTS = {CAR: np.s_[52:68, 42:68], TRUCK: np.s_[52:68, 92:113]}
SCENE = "unit: celsius\nambient: 10\nclasses: {car: 15}\ninstances: "


def counts(path):
    return [image.counts for image in read_thermal_frames(path)]


@pytest.fixture
def maps(tmp_path, labels):
    """Class maps and instance maps of two cars, for a video of three frames."""
    instances = np.zeros((96, 128), np.uint16)
    instances[50:70, 40:70], instances[50:70, 90:115] = CAR, TRUCK
    for name, ids in (("tags", labels), ("ids", instances)):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(ids).save(tmp_path / name / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("source", ["video", "folder"])
def test_labels_that_were_kept_give_the_same_frames_without_the_segmenter(run, request, tmp_path, source):
    arguments = ("run", request.getfixturevalue(source), "--max-frames", "3")
    tags = tmp_path / "tags"
    keep = (tmp_path / "a", "--raw16", tmp_path / "a16", "--save-labels", tags)
    assert run(*arguments, *keep)[0] == 0
    names = {"video": ["000000", "000001", "000002"], "folder": ["frame1", "frame10", "frame2"]}[source]
    assert sorted(path.stem for path in tags.iterdir()) == names
    assert run(*arguments, tmp_path / "b", "--raw16", tmp_path / "b16", "--labels", tags)[0] == 0
    first, second = counts(tmp_path / "a16"), counts(tmp_path / "b16")
    assert len(first) == len(second) == 3
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    code, _, err = run(*arguments, tmp_path / "c", "--save-labels", tags)
    assert (code, "already holds files" in err) == (1, True)
    assert not (tmp_path / "c").exists()


def test_given_labels_are_kept_in_the_bundles_ids(run, folder, tmp_path):
    table = tmp_path / "mine.json"
    table.write_text(json.dumps({"source": "me", "classes": {"26": "car"}, "default": "void"}))
    (tmp_path / "cityscapes").mkdir()
    for number in (1, 2, 10):
        Image.fromarray(np.full((96, 128), 26, np.uint8)).save(tmp_path / "cityscapes" / f"frame{number}.png")
    for name, numbering in [("shipped", "cityscapes"), ("own", table)]:
        given = ("--labels", tmp_path / "cityscapes", "--label-ids", numbering)
        assert run("run", folder, tmp_path / f"o{name}", *given, "--save-labels", tmp_path / name)[0] == 0
        with Image.open(tmp_path / name / "frame10.png") as picture:
            np.testing.assert_array_equal(np.unique(picture), [8])


@pytest.mark.parametrize("by_name", [False, True])
def test_instances_have_temperatures_of_their_own(run, video, maps, by_name):
    scene = maps / "scene.yaml"
    scene.write_text(SCENE + ('{7: 40, "BP_Truck.*": 60}' if by_name else "{7: 40, 300: 60}") + "\n")
    if by_name:
        (maps / "ids" / "names.json").write_text(json.dumps({"7": "BP_Car", "300": "BP_Truck_3"}))
    arguments = ("--labels", maps / "tags", "--instances", maps / "ids", "--temperatures", scene)
    code, _, err = run(
        "run", video, maps / "o.mp4", "--raw16", maps / "k.mkv", "--max-frames", "3", *arguments
    )
    assert (code, err) == (0, "")
    frames = counts(maps / "k.mkv")
    assert len(frames) == 3
    for frame in frames:
        assert frame[OBJECTS[CAR]].mean() / 100 - 273.15 == pytest.approx(40, abs=1.5)
        assert frame[OBJECTS[TRUCK]].mean() / 100 - 273.15 == pytest.approx(60, abs=1.5)
        assert frame[80:].mean() / 100 - 273.15 == pytest.approx(10, abs=1.5)


def test_refused_instances(run, video, maps):
    scene = maps / "scene.yaml"
    scene.write_text(SCENE + '{"BP_Truck.*": 60}\n')
    given = ("run", video, maps / "o.mp4", "--max-frames", "3", "--temperatures", scene)
    broken = maps / "broken"
    broken.mkdir()
    Image.fromarray(moving_picture(0)).save(broken / "0.png")
    (maps / "ids" / "names.json").write_text('{"truck": 3}')
    (maps / "few").mkdir()
    cases = [
        ((), "--instances"),
        (("--instances", maps / "few"), "holds no instance maps for 3 frames"),
        (("--instances", maps / "absent"), "Name the folder of the instance maps"),
        (("--instances", maps / "ids"), "no id"),
        (("--instances", broken, "--max-frames", "1"), "instances are 96x128x3"),
        (("--save-labels", maps / "o.mp4"), "different paths"),
    ]
    for arguments, words in cases:
        code, _, err = run(*given, *arguments)
        assert code == 1, arguments
        assert words in err
        assert not (maps / "o.mp4").exists()
    for number in range(3, 13):
        Image.fromarray(np.zeros((96, 128), np.uint8)).save(maps / "tags" / f"{number}.png")
    code, _, err = run("run", video, maps / "o.mp4", "--labels", maps / "tags")
    assert (code, "13 class maps for 12 frames" in err) == (1, True)
    (maps / "ids" / "names.json").unlink()
    assert "names.json" in run(*given, "--instances", maps / "ids")[2]
