"""Bundles: reading, verification, lookup, writing."""

import json
import shutil

import pytest

from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.bundle import Bundle, Manifest, shipped_bundles, twin_name, write_manifest
from thermalsdk.bundle import bundle as bundle_module
from thermalsdk.errors import BundleError


@pytest.fixture
def copy(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "copy")


def edit(directory, **fields):
    path = directory / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_manifest_survives_writing_and_reading(tiny_bundle):
    manifest = Bundle.open(tiny_bundle).manifest
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict()))) == manifest
    written = json.loads((tiny_bundle / "manifest.json").read_text())
    assert written["graphs"]["encoder"]["inputs"][0] == {
        "name": "rgb", "dtype": "float32", "shape": [1, 3, "H", "W"], "range": [0.0, 1.0], "unit": None,
    }  # fmt: skip
    assert set(written["files"]) == {path.name for path in tiny_bundle.glob("*.onnx")}


def test_writer_leaves_no_temporary_file_and_skips_hidden_ones(copy):
    (copy / ".DS_Store").write_bytes(b"x")
    (copy / "MODEL_CARD.md").write_text("notes")
    manifest = write_manifest(copy, Bundle.open(copy).manifest)
    assert "MODEL_CARD.md" in manifest.files
    assert not [name for name in manifest.files if name.startswith(".")]
    assert [path.name for path in copy.glob(".*")] == [".DS_Store"]


def test_writer_refuses_an_incomplete_folder(copy):
    manifest = Bundle.open(copy).manifest
    (copy / "layer_car.onnx").unlink()
    with pytest.raises(BundleError, match=r"layer_car\.onnx"):
        write_manifest(copy, manifest)


def test_damaged_file_is_named(copy):
    path = copy / "layer_person.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"layer_person\.onnx is damaged") as caught:
        Bundle.open(copy)
    assert "python -m export" in caught.value.hint


def test_short_file_is_named(copy):
    path = copy / "encoder.onnx"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BundleError, match=r"encoder\.onnx has \d+ bytes instead of"):
        Bundle.open(copy)


def test_absent_file_is_named(copy):
    (copy / "segmenter.onnx").unlink()
    with pytest.raises(BundleError, match=r"segmenter\.onnx is absent"):
        Bundle.open(copy)


def test_what_is_no_name_is_refused():
    with pytest.raises(BundleError, match="the bundle is None"):
        Bundle.open(None)


def test_folder_without_manifest(tmp_path):
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"schema_version": 2}'])
def test_broken_manifest(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle.open(copy)


def test_newer_schema_advises_to_update(copy):
    edit(copy, schema_version=3)
    with pytest.raises(BundleError, match="schema version 3") as caught:
        Bundle.open(copy)
    assert "pip install --upgrade thermalsdk" in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"classes": ["sky", "road"]}, "classes and layers differ"),
        ({"classes": ["sky", "sky"]}, "different names"),
        ({"alignment": 12}, "alignment 12"),
        ({"alignment": "many"}, "wrong type"),
        ({"color_order": "bgr"}, "color_order"),
        ({"files": {}}, "no size and hash"),
        ({"golden": "../golden.npz"}, "outside of the bundle"),
        ({"thermal_normalization": {"offset_kelvin": 283.15, "scale_kelvin": 0}}, "scale_kelvin"),
        ({"thermal_normalization": {"offset_kelvin": -10, "scale_kelvin": 20}}, "offset_kelvin -10"),
        ({"contrast_kelvin": float("nan")}, "contrast_kelvin nan"),
        ({"feather_pixels": 5}, "feather_pixels 5 is none of 0 to 4"),
        ({"feather_pixels": -1}, "feather_pixels -1"),
        ({"known_side_pixels": 63}, "known_side_pixels 63 is below 64"),
        ({"region_growth_pixels": 0}, "more than region_growth_pixels 0"),
    ],
)
def test_contradictions_are_refused(copy, fields, words):
    edit(copy, **fields)
    with pytest.raises(BundleError, match=words):
        Bundle.open(copy)


def test_unknown_name_lists_what_is_shipped():
    with pytest.raises(BundleError, match="there is no bundle 'motorway'"):
        Bundle.open("motorway")


def test_shipped_name_goes_before_a_folder_of_that_name(copy, tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    write_tiny_bundle(shipped / "avenue", ("background", "car"))
    monkeypatch.setattr(bundle_module, "_SHIPPED", shipped)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(copy, tmp_path / "avenue")
    assert shipped_bundles() == ("avenue",)
    assert Bundle.open("avenue").manifest.classes == ("background", "car")
    assert len(Bundle.open("./avenue").manifest.classes) == 10


def test_twins(tmp_path, tiny_bundle):
    plain = Bundle.open(tiny_bundle)
    encoder = plain.manifest.graphs.encoder
    assert plain.offers("fp32")
    assert not plain.offers("fp16")
    assert not plain.offers("int8")
    assert not plain.offers("int8-symmetric")
    assert plain.model(encoder, "int8") == plain.model(encoder)
    twinned = Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="fp16"))
    assert twinned.offers("fp16")
    (twinned.path / "encoder.fp16.onnx").write_bytes(b"the twin")
    assert twinned.model(encoder, "fp16") == b"the twin"


def test_one_int8_twin_is_enough_and_one_fp16_twin_is_not(tmp_path):
    for precision, offered in (("int8", True), ("int8-symmetric", True), ("fp16", False)):
        folder = write_tiny_bundle(tmp_path / precision)
        manifest = Bundle.open(folder).manifest
        segmenter = manifest.graphs.segmenter
        (folder / twin_name(segmenter, precision)).write_bytes(b"the twin")
        write_manifest(folder, manifest)
        bundle = Bundle.open(folder)
        assert bundle.offers(precision) == offered
        assert bundle.model(segmenter, precision) == b"the twin"
        assert bundle.model(manifest.graphs.encoder, precision) == bundle.model(manifest.graphs.encoder)
