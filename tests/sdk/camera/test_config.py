"""Files of cameras: round trips, and nonsense that is refused by the name of its field."""

import json

import numpy as np
import pytest
import yaml

from thermalsdk.camera import Camera, CameraConfig, camera_names
from thermalsdk.camera.config import Noise, Resolution
from thermalsdk.camera.files import from_data, read_config, read_preset, to_data
from thermalsdk.documents import write_document
from thermalsdk.errors import CameraError


@pytest.mark.parametrize("name", camera_names())
def test_presets_name_their_sources_and_every_stage(name):
    config = read_preset(name)
    assert config.name == name
    assert len(config.sources) >= 2
    for stage in ("resolution", "frame_rate", "blur", "noise", "fixed_pattern", "ffc", "digitiser", "gain"):
        assert getattr(config, stage) is not None


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("name", camera_names())
def test_round_trip(tmp_path, name, suffix):
    path = tmp_path / f"camera{suffix}"
    write_document(path, to_data(read_preset(name)), CameraError)
    assert read_config(path) == read_preset(name)
    assert Camera.load(path).hash == Camera.preset(name).hash
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_sources_do_not_change_the_hash():
    data = to_data(read_preset("boson640"))
    assert Camera(from_data({**data, "sources": ["elsewhere"]})).hash == Camera.preset("boson640").hash


def test_null_switches_a_stage_off():
    assert from_data({"name": "bare", "noise": None}) == CameraConfig("bare")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noise": {"netd_mk": 0.05}}, "50 mK"),
        ({"noise": {"netd_mk": -1}}, "noise.netd_mk"),
        ({"noise": {"netd": 50}}, "unknown field 'netd'"),
        ({"noise": {}}, "no field 'netd_mk'"),
        ({"noise": 50}, "no mapping"),
        ({"noize": {"netd_mk": 50}}, "unknown field 'noize'"),
        ({"blur": {"mtf_at_nyquist": 31}}, "blur.mtf_at_nyquist"),
        ({"band": {"low_um": 8e-6, "high_um": 14e-6}}, "micrometres"),
        ({"band": {"low_um": "8", "high_um": 14}}, "micrometres"),
        ({"resolution": {"width": 640.5, "height": 512}}, "resolution.width"),
        ({"digitiser": {"bits": 14, "low_kelvin": 140, "high_kelvin": -40}}, "digitiser.high_kelvin"),
        ({"ffc": {"interval_s": 10, "freeze_s": 20}}, "ffc.freeze_s"),
        ({"gain": {"mode": "magic"}}, "plateau"),
        ({"bad_pixels": {"fraction": 0.1, "replaced": "no"}}, "bad_pixels.replaced"),
        ({"polarity": "hot"}, "white_hot"),
        ({"palette": "plaid"}, "ironbow"),
    ],
)
def test_nonsense_names_the_field(tmp_path, change, words):
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", **change}))
    with pytest.raises(CameraError) as caught:
        Camera.load(path)
    assert words in str(caught.value)
    assert str(path) in caught.value.message


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "broken.yaml").write_text("name: [")
    (tmp_path / "list.json").write_text(json.dumps([1]))
    (tmp_path / "camera.toml").write_text("")
    for name, words in [
        ("absent.yaml", "cannot be read"),
        ("broken.yaml", "syntax"),
        ("list.json", "no mapping"),
        ("camera.toml", "suffix"),
    ]:
        with pytest.raises(CameraError) as caught:
            Camera.load(tmp_path / name)
        assert words in str(caught.value)
    with pytest.raises(CameraError, match="suffix"):
        write_document(tmp_path / "camera.txt", to_data(CameraConfig("bare")), CameraError)


def test_unknown_preset_lists_the_known():
    with pytest.raises(CameraError, match="'nikon'") as caught:
        Camera.preset("nikon")
    assert "boson640" in caught.value.hint


def test_numbers_of_numpy_are_numbers():
    numpy = CameraConfig(
        "core", noise=Noise(np.float32(50)), resolution=Resolution(np.int64(64), np.int64(48))
    )
    plain = CameraConfig("core", noise=Noise(50.0), resolution=Resolution(64, 48))
    assert Camera(numpy).hash == Camera(plain).hash
