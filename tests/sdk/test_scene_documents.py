"""The pages about temperatures and cameras: every example runs, every table says what the code does."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from thermalsdk import Camera, Temperatures
from thermalsdk.camera import camera_names
from thermalsdk.camera.config import CameraConfig, stage_names
from thermalsdk.camera.files import read_preset, stage_class
from thermalsdk.temperatures.files import preset_names

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("temperatures", "camera")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / f"{page}.md").read_text(), re.M | re.S)


def rows(page):
    """Cells of every table row whose first cell is code, by that code."""
    lines = re.findall(r"^\| `([\w-]+)` \|(.*)\|$", (DOCS / f"{page}.md").read_text(), re.M)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in lines}


@pytest.fixture
def example(tmp_path, monkeypatch, synth, rgb, labels):
    """The names that the examples take for granted, in a folder with the files that they name."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(rgb).save("road.png")
    instances = np.zeros(labels.shape, np.uint16)
    instances[50:70, 40:70], instances[50:70, 90:115] = 7, 9
    for folder, ids in (("tags", labels), ("ids", instances)):
        Path(folder).mkdir()
        Image.fromarray(ids).save(f"{folder}/road.png")
    Path("ids/names.json").write_text('{"9": "BP_Truck_9"}')
    return {"synth": synth, "rgb": rgb, "labels": labels, "instances": instances}


def write_files(page):
    """Every file of the page, each of them read as what it is."""
    for text in blocks(page, "yaml"):
        is_camera = "name" in yaml.safe_load(text)
        path = Path("my_camera.yaml" if is_camera else "scene.yaml")
        path.write_text(text)
        (Camera if is_camera else Temperatures).load(path)


@pytest.mark.parametrize("page", PAGES)
def test_examples(page, example, run):
    """In Python, and then the commands, which find the files that were written."""
    write_files(page)
    code = blocks(page, "python")
    assert len(code) >= 3
    for text in code:
        exec(compile(text, f"{page}.md", "exec"), example)  # noqa: S102 - our own page
    lines = "".join(blocks(page, "sh")).splitlines()
    assert len(lines) >= 2
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "thermalsdk"
        code, _, err = run(*arguments)
        assert (code, err) == (0, ""), line
        assert Path("thermal.png").exists()


def test_table_of_presets():
    table = rows("temperatures")
    header = re.search(r"^\| preset \|(.*)\|$", (DOCS / "temperatures.md").read_text(), re.M).group(1)
    names = [name.strip() for name in header.split("|")]
    for preset in preset_names():
        temperatures = Temperatures.preset(preset)
        kelvin = [temperatures.ambient, *(temperatures.of_class(name) for name in names[1:])]
        assert [float(cell) for cell in table[preset]] == pytest.approx(
            [value - 273.15 for value in kelvin], abs=0.51
        )


def test_table_of_cameras():
    for name in camera_names():
        config = read_preset(name)
        _, pixels, hz, netd, gain = rows("camera")[name]
        assert pixels == f"{config.resolution.width}x{config.resolution.height}"
        assert (float(hz), netd) == (config.frame_rate.hz, f"{config.noise.netd_mk:g} mK")
        assert gain == config.gain.mode


def test_table_of_stages():
    table = rows("camera")
    assert [name for name in table if name in stage_names()] == list(stage_names())
    for stage in stage_names():
        named = re.findall(r"`(\w+)`", table[stage][0])
        assert named == [field.name for field in fields(stage_class(stage))]
    text = (DOCS / "camera.md").read_text()
    for field in fields(CameraConfig):
        assert f"`{field.name}`" in text
