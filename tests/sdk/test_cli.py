"""The command line: outputs, exit codes, and that nothing incomplete is left behind."""

import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.sdk.conftest import moving_picture, truncated, write_video
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Temperatures
from thermalsdk.cli import console
from thermalsdk.cli import main as main_module
from thermalsdk.cli import run as run_module
from thermalsdk.cli.main import main
from thermalsdk.cli.standard_output import complete_stdout
from thermalsdk.formats import Provenance, read_thermal_frames
from thermalsdk.scenes import StreetScene
from thermalsdk.video import open_source
from thermalsdk.video.display_sinks import DisplayVideoSink
from thermalsdk.video.reconnect import ReconnectingSource


def contents(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_run_on_a_video(run, video, tmp_path):
    out, raw16 = tmp_path / "thermal.mp4", tmp_path / "kelvin.mkv"
    code, text, _ = run(
        "run", video, out, "--raw16", raw16, "--side-by-side", "--palette", "ironbow", "--json"
    )
    assert code == 0
    facts = json.loads(text)
    assert (facts["frames"], facts["dropped"]) == (12, 0)
    assert facts["frame_ms"] > 0
    frames = list(open_source(out))
    assert (len(frames), frames[0].rgb.shape) == (12, (96, 128 + 4 + 128, 3))
    assert np.abs(frames[3].rgb[:, :128].astype(int) - moving_picture(3)).mean() < 12
    assert contents(tmp_path) == ["kelvin.mkv", "thermal.mp4"]


@pytest.mark.parametrize("name", ["kelvin.mkv", "kelvin.npz", "kelvin"])
def test_every_bit_of_a_stream_comes_back(run, synth, tmp_path, name):
    clip = tmp_path / "street.mkv"
    with DisplayVideoSink(clip, 15.0) as sink:
        for scene in StreetScene(9, 96, 128).frames(10, 15.0):
            sink.write(scene.rgb, "")
    assert run("run", clip, tmp_path / "thermal.mp4", "--raw16", tmp_path / name)[0] == 0
    frames = list(synth.stream(clip, policy="all"))
    for image, frame in zip(read_thermal_frames(tmp_path / name), frames, strict=True):
        np.testing.assert_array_equal(image.counts, frame.raw16)
        assert image.provenance == Provenance.of(synth.info)


def test_run_on_a_picture(run, rgb, synth, tmp_path):
    Image.fromarray(rgb).save(tmp_path / "in.png")
    out, raw16 = tmp_path / "out.png", tmp_path / "raw16.tif"
    code, text, _ = run("run", tmp_path / "in.png", out, "--raw16", raw16)
    assert code == 0
    assert "frames" in text
    frame = synth(rgb)
    with Image.open(raw16) as picture:
        np.testing.assert_array_equal(np.array(picture), frame.raw16)
    with Image.open(out) as picture:
        np.testing.assert_array_equal(np.array(picture), frame.colorize("white-hot"))


def test_run_between_limits(run, rgb, synth, tmp_path):
    pictures = tmp_path / "in"
    pictures.mkdir()
    Image.fromarray(rgb).save(pictures / "a.png")
    assert run("run", pictures / "a.png", tmp_path / "a.png", "--limits", "270:310")[0] == 0
    assert run("run", pictures, tmp_path / "out", "--limits", "270:310", "--format", "folder")[0] == 0
    expected = synth(rgb).colorize("white-hot", (270.0, 310.0))
    for path in (tmp_path / "a.png", tmp_path / "out" / "a.png"):
        with Image.open(path) as picture:
            np.testing.assert_array_equal(np.array(picture), expected)


def test_run_on_a_folder_with_labels(run, folder, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    for number in (1, 2, 10):
        Image.fromarray(np.full((96, 128), 7, np.uint8)).save(maps / f"frame{number}.png")
    out, raw16 = tmp_path / "thermal", tmp_path / "kelvin"
    arguments = ("run", folder, out, "--raw16", raw16, "--labels", maps, "--label-ids", "cityscapes")
    assert run(*arguments)[0] == 0
    names = ["frame1.png", "frame10.png", "frame2.png"]
    assert contents(out) == names
    assert contents(raw16) == names
    code, _, err = run(*arguments)
    assert code == 1
    assert "already holds files" in err


def test_run_on_a_folder_into_a_video(run, folder, tmp_path):
    assert run("run", folder, tmp_path / "out.mp4", "--max-frames", "2")[0] == 0
    assert len(list(open_source(tmp_path / "out.mp4"))) == 2


def test_run_on_a_video_with_labels_in_order(run, video, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    for number in range(5):
        Image.fromarray(np.full((96, 128), number, np.uint8)).save(maps / f"tags{number}.png")
    arguments = ("run", video, tmp_path / "out.mp4", "--labels", maps)
    assert run(*arguments, "--max-frames", "5")[0] == 0
    code, _, err = run(*arguments)
    assert code == 1
    assert "5 class maps for 12 frames" in err
    (tmp_path / "none").mkdir()
    endless = write_video(tmp_path / "road.mkv")
    code, _, err = run("run", endless, tmp_path / "out2.mp4", "--labels", tmp_path / "none")
    assert code == 1
    assert "holds no class maps\n" in err


def test_run_with_temperatures_and_a_camera(run, video, tmp_path):
    scene = tmp_path / "scene.yaml"
    scene.write_text("unit: celsius\nambient: 12\nclasses: {person: 31}\n")
    camera = tmp_path / "camera.yaml"
    camera.write_text("name: small\nresolution: {width: 64, height: 64}\npalette: ironbow\n")
    out, raw16 = tmp_path / "thermal.mp4", tmp_path / "kelvin.mkv"
    arguments = ("--temperatures", scene, "--camera", camera, "--side-by-side", "--json")
    code, text, _ = run("run", video, out, "--raw16", raw16, *arguments)
    assert code == 0
    facts = json.loads(text)
    assert (facts["camera"], len(facts["camera_hash"])) == ("small", 16)
    with av.open(str(raw16)) as container:
        kelvin = next(container.decode(video=0)).to_ndarray() / 100.0
    assert kelvin.shape == (48, 64)
    assert kelvin.mean() == pytest.approx(285.15, abs=3)
    assert next(iter(open_source(out))).rgb.shape == (96, 128 + 4 + 128, 3)


def test_run_with_a_preset(run, rgb, synth, tmp_path):
    Image.fromarray(rgb).save(tmp_path / "in.png")
    out, raw16 = tmp_path / "out.png", tmp_path / "raw16.png"
    assert run("run", tmp_path / "in.png", out, "--raw16", raw16, "--preset", "winter-night")[0] == 0
    frame = synth(rgb, temperatures=Temperatures.preset("winter-night"))
    with Image.open(raw16) as picture:
        np.testing.assert_array_equal(np.array(picture), frame.raw16)


def test_refused_temperatures_and_cameras(run, video, tmp_path, capsys):
    scene = tmp_path / "scene.yaml"
    scene.write_text("ambient: 12\n")
    for arguments, words in [
        (("--temperatures", scene), "unit: celsius"),
        (("--camera", "nikon"), "boson640"),
        (("--camera", tmp_path / "absent.yaml"), "cannot be read"),
    ]:
        code, _, err = run("run", video, tmp_path / "o.mp4", *arguments)
        assert code == 1
        assert words in err
    with pytest.raises(SystemExit):
        main(["run", "in", "out", "--preset", "rain", "--temperatures", "scene.yaml"])
    assert "not allowed with" in capsys.readouterr().err
    assert contents(tmp_path) == ["scene.yaml"]


def test_failing_run_leaves_nothing(run, video, folder, tmp_path, rgb):
    work = tmp_path / "work"
    work.mkdir()
    maps = tmp_path / "maps"
    maps.mkdir()
    Image.fromarray(np.zeros((96, 128), np.uint8)).save(maps / "frame1.png")
    Image.fromarray(np.full((96, 128), 99, np.uint8)).save(maps / "frame2.png")
    shutil.copy(maps / "frame1.png", maps / "frame10.png")
    few = tmp_path / "few"
    few.mkdir()
    shutil.copy(maps / "frame1.png", few)
    grey = tmp_path / "notes.png"
    grey.write_text("no picture")
    cases = [
        (("run", tmp_path / "absent.mp4", work / "o.mp4"), "no file"),
        (("run", truncated(write_video(tmp_path / "s.mkv", frames=40)), work / "o.mp4"), "cut short"),
        (("run", grey, work / "o.png"), "cannot be read"),
        (("run", "", work / "o.mp4"), "is empty"),
        (("run", video, work / "o.png"), "one picture"),
        (("run", video, work / "o.xyz"), "suffix"),
        (("run", video, work / "absent" / "o.mp4"), "does not exist"),
        (("run", video, work / "o.mp4", "--raw16", work / "r.mp4"), "suffix"),
        (("run", video, work / "o.mp4", "--raw16", work / "o.mp4"), "different paths"),
        (("run", video, video), "different paths"),
        (("run", f"file://{video}", video), "different paths"),
        (("run", folder, work / "o", "--labels", maps), f"{maps / 'frame2.png'}: labels hold the ids 99"),
        (("run", folder, work / "o", "--labels", few), "no class map"),
        (("run", folder, work / "o", "--labels", maps, "--label-ids", "gta"), "gta"),
        (("run", folder, work / "o", "--labels", tmp_path / "nowhere"), "no folder"),
    ]
    for arguments, words in cases:
        code, out, err = (
            run(*arguments, "--raw16", work / "k") if "--raw16" not in arguments else run(*arguments)
        )
        assert (code, out) == (1, ""), arguments
        assert words in err
        assert "hint: " in err
        assert "see: docs/errors.md#" in err
        assert contents(work) == []


def test_a_bag_needs_class_maps_for_their_options_and_a_name_of_ros(run, tmp_path):
    for options, words in [
        (("--panoptic",), "--panoptic does nothing without --labels-topic"),
        (("--label-ids", "carla"), "--label-ids does nothing without --labels-topic"),
    ]:
        code, _, err = run("bag", tmp_path / "drive", tmp_path / "out", *options)
        assert (code, words in err) == (1, True)


def test_stdout_that_has_no_room_or_no_reader(tiny_bundle, tmp_path):
    code = f"import sys; from thermalsdk.cli.main import main; sys.exit(main({['cache', 'list', '--json']}))"
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, "No space left" in done.stderr) == (1, True)
    assert "Exception ignored" not in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("words", [["cache", "list"], ["cache", "list", "--json"]])
def test_stdout_that_is_closed(words):
    code = f"import sys; from thermalsdk.cli.main import main; sys.exit(main({words}))"
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, code], stderr=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_stdout_in_ascii(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, "ascii"))
    with complete_stdout():
        console.report({"out": "Straße"}, as_json=False)
        console.report({"out": "Straße \U0001f600"}, as_json=True)
    plain, text = buffer.getvalue().decode().split("\n", 1)
    assert plain == r"out  Stra\xdfe"
    assert json.loads(text) == {"out": "Straße \U0001f600"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--label-ids", "carla"), "--label-ids does nothing without --labels"),
        (("--label-ids", "carla", "--format", "folder"), "--label-ids does nothing without --labels"),
        (("--follow-motion",), "are for videos"),
        (("--steadiness", "0.9"), "are for videos"),
        (("--workers", "1", "--raw16", "o.mkv"), "--workers is for folders, and o.mkv has the suffix"),
        (("--ray", "local", "--save-labels", "o.png"), "--ray is for folders, and o.png has the suffix"),
    ],
)
def test_options_that_do_nothing_are_refused(run, folder, tmp_path, options, words):
    code, _, err = run("run", folder, tmp_path / "o", *options)
    assert code == 1
    assert words in err


def test_options_for_folders_refuse_a_file(run, video, tmp_path):
    code, _, err = run("run", video, tmp_path / "o", "--workers", "2", "--format", "folder")
    assert code == 1
    assert f"--format and --workers are for folders, and {video} is a file" in err
    assert "leave --format and --workers out" in err


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ((".",), "already holds files"),
        (("",), "already holds files"),
        (("..",), "already holds files"),
        (("/",), "root"),
        (("/proc/out",), "/proc/out cannot be written"),
        (("o.png", "--raw16", "."), "already holds files"),
        (("o.png", "--raw16", "/proc/o.npz"), "/proc/o.npz cannot be written"),
        ((f"{240 * 'o'}.png",), "name too long"),
        (("o.png", "--raw16", f"{240 * 'o'}.npz"), "name too long"),
        ((".", "--format", "folder"), "already holds files"),
        (("/proc/out", "--format", "folder"), "/proc/out cannot be written"),
        ((250 * "o", "--format", "folder"), "name too long"),
    ],
)
def test_places_that_cannot_be_written(run, folder, tmp_path, monkeypatch, outputs, words):
    here = tmp_path / "here"
    here.mkdir()
    (here / "notes.txt").touch()
    monkeypatch.chdir(here)
    source = folder if "--format" in outputs else folder / "frame1.png"
    code, _, err = run("run", source, *outputs)
    assert (code, "hint: " in err) == (1, True)
    assert words in err
    assert contents(here) == ["notes.txt"]


def test_a_path_that_no_check_has_tried(run, tmp_path, monkeypatch):
    def fail(path):
        raise OSError("File name too long")

    monkeypatch.setattr(Path, "is_dir", fail)
    code, _, err = run("run", tmp_path / "x", tmp_path / "o.mp4")
    assert (code, "hint: Check the paths" in err) == (1, True)


def test_interrupt_while_options_are_parsed(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "make_parser", interrupt)
    assert main(["info"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["onnxruntime", "av"])
def test_interrupt_while_an_extension_is_imported(run, video, tmp_path, monkeypatch, module):
    imported = importlib.import_module

    def interrupt(name, *package):
        if name != module:
            return imported(name, *package)
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(importlib, "import_module", interrupt)
    code, _, err = run("run", video, tmp_path / "o.mp4")
    assert (code, "interrupted" in err) == (130, True)


@pytest.mark.usefixtures("heard_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_nothing(run, video, tmp_path, monkeypatch, number):
    def interrupt(left, right):
        signal.raise_signal(number)

    monkeypatch.setattr(run_module, "side_by_side", interrupt)
    code, _, err = run("run", video, tmp_path / "o.mp4", "--raw16", tmp_path / "r.mkv", "--side-by-side")
    assert code == 130
    assert "interrupted" in err
    assert contents(tmp_path) == []


class Camera:
    """Stands in for cv2.VideoCapture: grey pictures without an end."""

    def __init__(self, number):
        self.open = True

    def isOpened(self):  # noqa: N802
        return self.open

    def get(self, prop):
        return 30.0

    def read(self):
        time.sleep(0.005)
        return True, np.full((96, 128, 3), 90, np.uint8)

    def release(self):
        self.open = False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_completes_a_recording(run, tmp_path, monkeypatch, number):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    shown = []

    def interrupt(left, right):
        shown.append(right)
        if len(shown) == 3:
            signal.raise_signal(number)
        return right

    monkeypatch.setattr(run_module, "side_by_side", interrupt)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    code, text, _ = run("run", "0", tmp_path / "o.mp4", "--side-by-side", "--json")
    assert code == 0
    assert json.loads(text)["frames"] == 3
    assert len(list(open_source(tmp_path / "o.mp4"))) == 3
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_camera_that_stays_away_leaves_what_was_recorded(run, tmp_path, monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(ReconnectingSource.__init__, "__defaults__", (0.0,))  # gives up at once
    pictures = iter([(True, moving_picture(index)) for index in range(3)])
    monkeypatch.setattr(Camera, "read", lambda self: next(pictures, (False, None)))
    code, text, err = run("run", "0", tmp_path / "o.mp4", "--json")
    assert code == 1
    assert "camera" in err
    assert json.loads(text)["frames"] >= 1
    assert len(list(open_source(tmp_path / "o.mp4"))) == json.loads(text)["frames"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_completes_a_recording_whose_camera_is_silent(run, tmp_path, monkeypatch, number):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    pictures = iter([(True, moving_picture(index)) for index in range(2)])
    over = threading.Event()

    def read(self):
        picture = next(pictures, None)
        if picture is not None:
            return picture
        threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, number)).start()
        over.wait(20)
        return False, None

    monkeypatch.setattr(Camera, "read", read)
    start = time.monotonic()
    code, text, _ = run("run", "0", tmp_path / "o.mp4", "--json")
    over.set()
    assert code == 0
    assert time.monotonic() - start < 15
    assert len(list(open_source(tmp_path / "o.mp4"))) == json.loads(text)["frames"] >= 1


def test_second_interrupt_gives_a_recording_up(run, tmp_path, monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "VideoCapture", Camera)

    def interrupt(left, right):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run_module, "side_by_side", interrupt)
    assert run("run", "0", tmp_path / "o.mp4", "--side-by-side")[0] == 130
    assert contents(tmp_path) == []


def test_damaged_bundle(run, tiny_bundle, video, tmp_path):
    broken = shutil.copytree(tiny_bundle, tmp_path / "broken")
    (broken / "encoder.onnx").write_bytes(b"")
    code, _, err = run("run", video, tmp_path / "o.mp4", bundle=broken)
    assert code == 1
    assert "encoder.onnx" in err
    assert not (tmp_path / "o.mp4").exists()


def test_unavailable_backend_has_a_code_of_its_own(tiny_bundle, capsys):
    assert main(["info", "--bundle", str(tiny_bundle), "--precision", "fp16"]) == 3
    assert "--fp16" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["run", "in.mp4"],
        ["run", "in.mp4", "o.mp4", "--palette", "plaid"],
        ["run", "in.mp4", "o.mp4", "--limits", "310:270"],
        ["run", "in.mp4", "o.mp4", "--limits", "270"],
        ["run", "in.mp4", "o.mp4", "--limits", "10:30"],
        ["demo", "--frames", "0"],
        ["demo", "--frames", "x"],
        ["demo", "--threads", "2.5"],
        ["bench", "--size", "512"],
        ["bench", "--size", "512x"],
        ["view", "--json"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    text = capsys.readouterr().err
    assert "usage: thermalsdk" in text
    assert "invalid _" not in text


def test_info(run):
    code, text, _ = run("info", "--json")
    facts = json.loads(text)
    assert code == 0
    assert (facts["name"], facts["device"], facts["backend"]) == ("tiny", "cpu", "onnxruntime")
    assert facts["classes"][8] == "car"
    code, text, _ = run("info")
    assert code == 0
    assert "CPUExecutionProvider" in text
    assert max(len(line) for line in text.splitlines()) < 200


def test_demo(run, tmp_path):
    out = tmp_path / "new" / "demo"
    code, text, _ = run("demo", "--out", out, "--frames", "4", "--json")
    facts = json.loads(text)
    assert code == 0
    assert facts["frames"] == 4
    assert facts["synthesis_fps"] > 0
    assert "temperature" in facts["given"]
    assert contents(out) == ["contact_sheet.png", "thermal.mp4", "thermal_kelvin.mkv"]
    frames = list(open_source(out / "thermal.mp4"))
    assert (len(frames), frames[0].rgb.shape) == (4, (480, 1284, 3))
    with av.open(str(out / "thermal_kelvin.mkv")) as container:
        assert next(container.decode(video=0)).to_ndarray().dtype == np.uint16
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width > 1600
        assert sheet.height > 1600


def test_demo_with_a_bundle_that_needs_class_maps(run, tmp_path):
    bare = write_tiny_bundle(tmp_path / "bare", segmenter=False, labeller=False)
    code, _, _ = run("demo", "--out", tmp_path / "demo", "--frames", "1", bundle=bare)
    assert code == 0
    assert "contact_sheet.png" in contents(tmp_path / "demo")


def test_demo_through_a_camera(run, tmp_path):
    arguments = ("--out", tmp_path / "demo", "--frames", "2", "--camera", "lepton160")
    assert run("demo", *arguments)[0] == 0
    with av.open(str(tmp_path / "demo" / "thermal_kelvin.mkv")) as container:
        assert next(container.decode(video=0)).to_ndarray().shape == (120, 160)
    shown = next(iter(open_source(tmp_path / "demo" / "thermal.mp4"))).rgb
    assert shown.shape == (480, 640 + 4 + 640, 3)


def test_demo_where_no_folder_can_be_made(run, tmp_path):
    (tmp_path / "file").touch()
    code, _, err = run("demo", "--out", tmp_path / "file" / "demo")
    assert code == 1
    assert "cannot be made" in err


def test_module_and_version():
    done = subprocess.run(
        [sys.executable, "-m", "thermalsdk", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("thermalsdk ")


def test_progress_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(console, "_REDRAW_S", -1.0)
    assert list(console.progress("abc", 3, "work")) == ["a", "b", "c"]
    assert "3/3" in capsys.readouterr().err
    assert list(console.progress("ab", None, "work")) == ["a", "b"]
    assert "2 frames" in capsys.readouterr().err
