"""The examples of docs/adapters run as they are printed; the procedural street plays the simulators."""

import shlex
import sys
from types import ModuleType

import numpy as np
import pytest

from tests.sdk.adapters import bags, recorded_airsim
from tests.sdk.adapters.street_environment import StreetEnvironment
from tests.sdk.documents import DOCS, blocks
from thermalsdk.cli.main import main


def run(document, namespace, headings=(None,)):
    """Run the Python of a document's sections; what it defined. Each example sees those before it."""
    for heading in headings:
        for language, text in blocks(document, heading):
            if language == "python":
                exec(text, namespace)  # noqa: S102 - our own document
    return namespace


def test_carla(monkeypatch):
    carla = pytest.importorskip("carla", reason="the package carla has no wheel for this Python")
    from tests.sdk.adapters import recorded_carla

    monkeypatch.setattr(carla, "Client", recorded_carla.Client)
    found = run("adapters/carla.md", {"print": lambda *_: None}, (None, "Temperatures of single actors"))
    assert found["image"].frame == 110
    assert found["image"].thermal.kelvin.shape == (240, 320)
    assert found["world"].settings.synchronous_mode
    assert all(sensor.destroyed for sensor in found["world"].sensors)
    assert list(found["hot"].instances) == [70_000 & 0xFFFF]


def test_airsim(monkeypatch, tmp_path):
    airsim = ModuleType("airsim")
    airsim.MultirotorClient = recorded_airsim.Client
    monkeypatch.setitem(sys.modules, "airsim", airsim)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "AirSim" / "docs").mkdir(parents=True)
    lines = (f"{number}\t{colour.tolist()}\n" for number, colour in enumerate(recorded_airsim.PALETTE))
    (tmp_path / "AirSim" / "docs" / "seg_rgbs.txt").write_text("".join(lines))
    found = run("adapters/airsim.md", {"print": lambda *_: None}, (None, "Images"))
    assert r"\w*poacher\w*" in found["absent"]
    assert r"\w*(ground|road)\w*" not in found["absent"]
    assert found["image"].thermal.kelvin.shape == (96, 128)


def test_the_printed_file_of_airsim_objects_can_be_read(tmp_path):
    from thermalsdk.adapters.airsim import AirSimObjects

    (text,) = (text for language, text in blocks("adapters/airsim.md", "Objects") if language == "json")
    (tmp_path / "objects.json").write_text(text)
    (described,) = AirSimObjects.load(tmp_path / "objects.json").objects
    assert (described.pattern, described.kelvin) == (r"\w*truck\w*", 310.0)


def test_ros2(monkeypatch, tmp_path, moments):
    monkeypatch.chdir(tmp_path)
    pictures = [("/camera/image_raw", bags.received(i), bags.image(m.rgb, i)) for i, m in enumerate(moments)]
    maps = [
        ("/semantic/labels_map", bags.received(i), bags.image(np.stack([m.labels] * 3, axis=-1), i))
        for i, m in enumerate(moments)
    ]
    bags.write(tmp_path / "drive", pictures)
    bags.write(tmp_path / "gz", [*pictures, *maps])
    (commands,) = (text for language, text in blocks("adapters/ros2.md", "Bags") if language == "sh")
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "thermalsdk"
        assert main([*arguments, "--device", "cpu"]) == 0
    found = run("adapters/ros2.md", {"print": lambda *_: None}, ("Bags",))
    assert (found["report"].frames, found["report"].unmatched) == (4, 0)
    for name in ("drive_thermal", "drive_all", "gz_thermal", "gz_people", "drive_night"):
        assert len(bags.read(tmp_path / name)["/thermal/image_raw"]) == 4


def test_gymnasium():
    given = {
        "env": StreetEnvironment(),
        "rendering_env": StreetEnvironment(),
        "YourEnvironment": StreetEnvironment,
    }
    found = run("adapters/gymnasium.md", given, ("Gymnasium", "Many environments", "Any other loop"))
    assert found["observations"]["thermal"].shape == (2, 64, 96)
    assert found["observation"]["thermal"].dtype == np.float32
    assert "thermal" in found["env"].reset(seed=1)[0]
    assert (found["frame"].index, found["frame"].raw16.shape) == (2, (128, 128))
    found["synth"].close()


def test_every_page_is_tested_here():
    assert all(f"test_{path.stem}" in globals() for path in (DOCS / "adapters").glob("*.md"))
