"""Bags in, bags out: stamps, kelvin, CameraInfo, class maps, storages, and what is refused."""

import itertools
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.sdk.adapters import bags
from thermalsdk import Camera, Temperatures
from thermalsdk.adapters.ros2 import BagReport, convert_bag
from thermalsdk.adapters.ros2.topics import IMAGE, Topics
from thermalsdk.camera.config import FrameRate, Resolution
from thermalsdk.camera.files import read_preset
from thermalsdk.cli.main import main
from thermalsdk.errors import DtypeError, OptionError, OutputError, VideoError

WARM = Temperatures(ambient=285.0, classes={"person": 305.0})
TOPIC, LABELS = "/camera/image_raw", "/semantic/labels_map"


@pytest.fixture
def see(street):
    return partial(street, temperatures=WARM)


def colours(moments, encoding="bgr8"):
    return [
        (TOPIC, bags.received(index), bags.image(moment.rgb[..., ::-1], index, encoding))
        for index, moment in enumerate(moments)
    ]


def class_maps(moments, indices):
    """What gz-sim's semantic camera bridges: the label in all three channels, a little after the image."""
    return [
        (LABELS, bags.received(index) + 1, bags.image(np.stack([moments[index].labels] * 3, axis=-1), index))
        for index in indices
    ]


def in_time(messages):
    return sorted(messages, key=lambda message: message[1])


@pytest.mark.parametrize("out", ["sqlite3", "mcap"])
@pytest.mark.parametrize("given", ["sqlite3", "mcap"])
def test_labelled_bags_keep_stamps_and_give_kelvin(street, see, moments, tmp_path, given, out):
    messages = [*colours(moments), *class_maps(moments, range(4))]
    messages.append(("/camera/camera_info", bags.received(1), bags.info(128, 96, 1)))
    source = bags.write(tmp_path / "in", in_time(messages), given)
    report = convert_bag(source, tmp_path / "out", see, topic=TOPIC, labels_topic=LABELS, storage=out)
    assert report == BagReport(TOPIC, frames=4, unmatched=0)
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == sorted(
        [".yaml", {"sqlite3": ".db3", "mcap": ".mcap"}[out]]
    )
    found = bags.read(tmp_path / "out")
    assert set(found) == {"/thermal/image_raw", "/thermal/camera_info"}
    for index, ((time_ns, image), (info_ns, info)) in enumerate(zip(*found.values(), strict=True)):
        expected = street(moments[index].rgb, labels=moments[index].labels, temperatures=WARM)
        np.testing.assert_array_equal(bags.kelvin(image), expected.raw16 / 100)
        assert time_ns == info_ns == bags.received(index)  # the class map came a little later
        for message in (image, info):
            assert bags.stamped(message) == bags.stamps(index)
        np.testing.assert_array_equal(info.k, bags.info(128, 96, 0).k)


def test_colours_alone_and_compressed(street, moments, tmp_path):
    topic = f"{TOPIC}/compressed"
    messages = [
        (topic, bags.received(index), bags.compressed(moment.rgb, index))
        for index, moment in enumerate(moments)
    ]
    messages.append(("/camera/camera_info", bags.received(9), bags.info(128, 96, 9, focal=77.0)))
    report = convert_bag(bags.write(tmp_path / "in", messages), tmp_path / "out", street)
    assert report == BagReport(topic, frames=4, unmatched=0)
    found = bags.read(tmp_path / "out")
    for (_, image), moment in zip(found["/thermal/image_raw"], moments, strict=True):
        np.testing.assert_array_equal(bags.kelvin(image), street(moment.rgb).raw16 / 100)
    assert found["/thermal/camera_info"][0][1].k[0] == 77.0


def test_a_camera_looks_at_the_stamps_of_the_images(street, see, moments, tmp_path):
    """A core of 64x48 pixels and 8 Hz shows every other of 15 images a second twice."""
    config = replace(read_preset("boson640"), resolution=Resolution(64, 48), frame_rate=FrameRate(8.0))
    messages = [*colours(moments), *class_maps(moments, range(4))]
    messages.append(("/camera/camera_info", bags.received(1), bags.info(128, 96, 1)))
    source = bags.write(tmp_path / "in", in_time(messages))
    given = {"topic": TOPIC, "labels_topic": LABELS, "camera": Camera(config, seed=3)}
    for name in ("out", "again"):
        assert convert_bag(source, tmp_path / name, see, **given).frames == 4
    found, again = (bags.read(tmp_path / name) for name in ("out", "again"))
    expected = Camera(config, seed=3)
    shown = []
    for index, (_, image) in enumerate(found["/thermal/image_raw"]):
        frame = street(moments[index].rgb, labels=moments[index].labels, temperatures=WARM)
        seen = expected.view(frame, (bags.stamp_of(index) - bags.START_NS) / 1e9)
        np.testing.assert_array_equal(bags.kelvin(image), seen.raw16 / 100)
        np.testing.assert_array_equal(bags.kelvin(image), bags.kelvin(again["/thermal/image_raw"][index][1]))
        assert bags.stamped(image) == bags.stamps(index)
        shown.append(bags.kelvin(image))
    assert [np.array_equal(one, other) for one, other in itertools.pairwise(shown)] == [True, False, True]
    info = found["/thermal/camera_info"][0][1]
    assert (info.width, info.height) == (64, 48)
    np.testing.assert_array_equal(info.k, [50, 0, 32, 0, 50, 24, 0, 0, 1])


def test_a_topic_without_messages(see, moments, tmp_path):
    """Recorders list what they subscribed to, whether it came or not."""
    images = [entry for entry in colours(moments) if "info" not in entry[0]]
    bags.write(tmp_path / "in", images, silent=[("/camera/camera_info", bags.INFO)])
    assert convert_bag(tmp_path / "in", tmp_path / "out", see).frames == 4
    assert bags.read(tmp_path / "out")["/thermal/camera_info"][0][1].k[0] == 0.0


def test_a_single_file_is_a_bag(see, moments, tmp_path):
    bags.write(tmp_path / "in", colours(moments), "mcap")
    assert convert_bag(tmp_path / "in" / "in.mcap", tmp_path / "out", see).frames == 4


def test_ros1(see, moments, tmp_path):
    messages = [
        (TOPIC, bags.received(index), bags.image(moment.rgb, index, types=bags.ROS1))
        for index, moment in enumerate(moments)
    ]
    source = bags.write_ros1(tmp_path / "in.bag", messages)
    assert convert_bag(source, tmp_path / "out", see).frames == 4
    image = bags.read(tmp_path / "out")["/thermal/image_raw"][3][1]
    assert bags.stamped(image) == bags.stamps(3)
    with pytest.raises(OptionError, match="ROS 1"):
        convert_bag(source, tmp_path / "copied", see, copy=True)


def test_images_without_a_class_map_are_left_out_and_counted(see, moments, tmp_path, caplog):
    source = bags.write(tmp_path / "in", in_time([*colours(moments), *class_maps(moments, [0, 2])]))
    report = convert_bag(source, tmp_path / "out", see, topic=TOPIC, labels_topic=LABELS)
    assert (report.frames, report.unmatched) == (2, 2)
    assert "2 images or class maps" in caplog.text
    written = [bags.stamped(message) for _, message in bags.read(tmp_path / "out")["/thermal/image_raw"]]
    assert written == [bags.stamps(0), bags.stamps(2)]


def test_copied_topics_are_the_same_bytes(see, moments, tmp_path):
    messages = in_time([*colours(moments), *class_maps(moments, range(4))])
    source = bags.write(tmp_path / "in", messages)
    convert_bag(source, tmp_path / "out", see, topic=TOPIC, storage="mcap", copy=True)
    before, after = bags.read(source), bags.read(tmp_path / "out")
    assert len(after.pop("/thermal/image_raw")) == len(after.pop("/thermal/camera_info")) == 4
    assert before.keys() == after.keys()
    for topic, recorded in before.items():
        for (old_ns, old), (new_ns, new) in zip(recorded, after[topic], strict=True):
            assert (old_ns, bags.stamped(old), old.encoding) == (new_ns, bags.stamped(new), new.encoding)
            np.testing.assert_array_equal(old.data, new.data)
    with pytest.raises(OptionError, match="already has /thermal/camera_info"):
        convert_bag(tmp_path / "out", tmp_path / "again", see, topic=TOPIC, copy=True)


def test_a_topic_of_a_type_that_the_bag_does_not_define(see, moments, tmp_path):
    source = bags.write_undefined(tmp_path / "in", colours(moments), "/gear", "car_msgs/msg/Gear")
    with pytest.raises(OptionError, match=r"/gear cannot be copied.*car_msgs/msg/Gear") as caught:
        convert_bag(source, tmp_path / "out", see, copy=True)
    assert "ros2 bag convert" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert convert_bag(source, tmp_path / "out", see).frames == 4


def test_a_bag_with_several_image_topics_needs_a_name(see, moments, tmp_path):
    source = bags.write(tmp_path / "in", in_time([*colours(moments), *class_maps(moments, range(4))]))
    with pytest.raises(OptionError, match="2 topics") as caught:
        convert_bag(source, tmp_path / "out", see)
    assert LABELS in caught.value.hint
    assert convert_bag(source, tmp_path / "out", see, labels_topic=LABELS).frames == 4


def test_an_unknown_topic_is_refused(see, moments, tmp_path):
    source = bags.write(tmp_path / "in", colours(moments))
    with pytest.raises(OptionError, match="/front is no topic"):
        convert_bag(source, tmp_path / "out", see, topic="/front")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_class_maps_that_are_compressed_are_refused(see, moments, tmp_path):
    maps = (f"{LABELS}/compressed", bags.received(0), bags.compressed(moments[0].rgb, 0))
    source = bags.write(tmp_path / "in", in_time([*colours(moments), maps]))
    with pytest.raises(OptionError, match="compressed images") as caught:
        convert_bag(source, tmp_path / "out", see, topic=TOPIC, labels_topic=maps[0])
    assert "uncompressed Image" in caught.value.hint


def test_a_failure_leaves_nothing_behind(moments, tmp_path):
    source = bags.write(tmp_path / "in", colours(moments))

    def failing(frame, **_):
        raise DtypeError("broken")

    with pytest.raises(DtypeError):
        convert_bag(source, tmp_path / "out", failing)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_existing_bag_is_not_overwritten(see, moments, tmp_path):
    source = bags.write(tmp_path / "in", colours(moments))
    with pytest.raises(OutputError, match="already holds files"):
        convert_bag(source, source, see)


@pytest.mark.parametrize("storage", ["sqlite3", "mcap"])
def test_a_damaged_bag_is_an_error(see, moments, tmp_path, storage):
    source = bags.write(tmp_path / "in", colours(moments), storage)
    file = next(path for path in source.iterdir() if path.suffix != ".yaml")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(VideoError, match="cannot be read"):
        convert_bag(source, tmp_path / "out", see)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("name", ["absent", "empty", "text.bag"])
def test_what_is_no_bag_is_an_error(see, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.bag").write_text("no bag")
    with pytest.raises(VideoError, match=name):
        convert_bag(tmp_path / name, tmp_path / "out", see)


@pytest.mark.parametrize("namespace", ["bad name!", "", "/", "a//b", "/2nd", "a/ü"])
def test_names_that_ros_does_not_allow(namespace):
    with pytest.raises(OptionError, match="no name of ROS 2"):
        Topics.chosen({TOPIC: IMAGE}, None, None, namespace)


def test_the_command(moments, tmp_path, capsys):
    source = bags.write(tmp_path / "in", in_time([*colours(moments), *class_maps(moments, range(4))]))
    arguments = [
        "bag",
        source,
        tmp_path / "out",
        "--labels-topic",
        LABELS,
        "--ambient",
        290,
        "--device",
        "cpu",
    ]
    assert main([*map(str, arguments), "--namespace", "ir", "--storage", "mcap", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {"out": str(tmp_path / "out"), "topic": TOPIC, "frames": 4, "unmatched": 0}
    image = bags.read(tmp_path / "out")["/ir/image_raw"][0][1]
    assert abs(bags.kelvin(image).mean() - 290) < 1
    assert main([*map(str, arguments), "--json"]) == 1
    assert "already holds files" in capsys.readouterr().err


def test_the_command_with_a_preset_and_a_camera(moments, tmp_path, capsys):
    source = bags.write(tmp_path / "in", in_time([*colours(moments), *class_maps(moments, range(4))]))
    given = ["bag", str(source), "--labels-topic", LABELS, "--device", "cpu", "--json"]
    bare = [*given, str(tmp_path / "bare"), "--preset", "winter-night"]
    (tmp_path / "core.yaml").write_text("name: core\nresolution: {width: 64, height: 64}\n")
    seen = [
        *given,
        str(tmp_path / "seen"),
        "--preset",
        "winter-night",
        "--camera",
        str(tmp_path / "core.yaml"),
    ]
    assert main(bare) == main(seen) == 0
    report = json.loads(capsys.readouterr().out.split("}")[1] + "}")
    assert (report["camera"], report["camera_hash"]) == ("core", Camera.load(tmp_path / "core.yaml").hash)
    pictures = [bags.read(tmp_path / name)["/thermal/image_raw"][0][1] for name in ("bare", "seen")]
    assert [(picture.width, picture.height) for picture in pictures] == [(128, 96), (64, 48)]
    surfaces, detector = map(bags.kelvin, pictures)
    assert 250 < surfaces.mean() < 275
    np.testing.assert_allclose(surfaces.reshape(48, 2, 64, 2).mean((1, 3)), detector, atol=0.5)
    with pytest.raises(SystemExit):
        main([*bare, "--ambient", "280"])
    assert "not allowed with" in capsys.readouterr().err
