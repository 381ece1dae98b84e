"""The segmenter in 8-bit integers: as good as in FP32, or refused."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export import quantize
from export.graphs import BundleGraphs, graphs_of
from export.networks import networks_of
from export.quantize import FOR_CPUS, FOR_TENSORRT, Form, QuantizationError, add_int8_segmenter, labelled_sets
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, shipped_bundles, write_manifest
from thermalsdk.scenes import StreetScene
from train.data import Dataset
from train.scenes_dataset import prepare_scenes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle"),
]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    root = tmp_path_factory.mktemp("data")
    prepare_scenes(root / "scenes", 4, 6, (96, 128))
    return labelled_sets(root)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A copy of the shipped bundle without its 8-bit segmenter, as an export begins with it."""
    shipped = Bundle.open("street")
    folder = tmp_path_factory.mktemp("street")
    shutil.copytree(shipped.path, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.int8*"))
    return Bundle(folder, write_manifest(folder, replace(shipped.manifest, parity={})))


@pytest.fixture(scope="module")
def graphs(street: Bundle) -> BundleGraphs:
    return graphs_of(networks_of(street))


def test_both_forms_score_like_the_whole_graph(
    street: Bundle, graphs: BundleGraphs, sets: list[Dataset], tmp_path: Path
) -> None:
    shutil.copytree(street.path, tmp_path, dirs_exist_ok=True)
    parity = add_int8_segmenter(Bundle(tmp_path, street.manifest), graphs, sets).parity
    assert list(parity) == ["segmenter.int8.onnx", "segmenter.int8-symmetric.onnx"]
    rgb = sets[0].sample(sets[0].stems("val")[0]).rgb
    whole = quantize._segment(tmp_path / "segmenter.onnx", 420)(rgb)
    for form, (file, record) in zip((FOR_CPUS, FOR_TENSORRT), parity.items(), strict=True):
        assert record["scored_in"] == "ONNX Runtime, CPU"
        (scores,) = record["scores"]
        assert scores["dataset"] == sets[0].name
        assert set(scores["mean_iou"]) == {"fp32", form.precision}
        assert (tmp_path / file).stat().st_size < 0.4 * (tmp_path / "segmenter.onnx").stat().st_size
        assert 0.9 < np.mean(whole == quantize._segment(tmp_path / file, 420)(rgb)) < 1


def _heavy_graph(path: Path) -> None:
    """An 8-bit segmenter of two classes whose sums on white saturate 16 bits: the second class is heavier."""
    weights = np.full((2, 3, 4, 4), 127, np.int8)
    weights[0] = 100
    constants = {"scale": np.float32(1 / 255), "zero": np.uint8(0), "weight_scale": np.float32(1 / 127)}
    constants |= {"weight_zero": np.int8(0), "out_scale": np.float32(0.5), "weights": weights}
    nodes = [
        helper.make_node("QuantizeLinear", ["rgb", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["weights", "weight_scale", "weight_zero"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["y"], strides=[4, 4]),
        helper.make_node("QuantizeLinear", ["y", "out_scale", "zero"], ["z"]),
        helper.make_node("DequantizeLinear", ["z", "out_scale", "zero"], ["logits"]),
    ]
    shapes = {"rgb": ["n", 3, "h", "w"], "logits": ["n", 2, "i", "j"]}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes}
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "heavy", [infos["rgb"]], [infos["logits"]], initializers)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def test_integers_are_judged_without_saturation_on_any_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _heavy_graph(tmp_path / "heavy.onnx")
    white = np.full((64, 64, 3), 255, np.uint8)
    assert (quantize._segment(tmp_path / "heavy.onnx", 420)(white) == 1).all()
    monkeypatch.setattr(quantize, "sums_int8_exactly", False)
    assert (quantize._segment(tmp_path / "heavy.onnx", 420)(white) == 1).all()


def test_large_frames_are_judged_as_the_run_time_sees_them(street: Bundle) -> None:
    rgb = StreetScene(4, 240, 322).render(0.0).rgb
    with Synthesizer.load(street.path, precision="fp32", processing_resolution=120) as synthesizer:
        expected = synthesizer(rgb).labels
    segment = quantize._segment(street.path / "segmenter.onnx", 120)
    np.testing.assert_array_equal(segment(rgb), expected)
    assert (quantize._segment(street.path / "segmenter.onnx", 240)(rgb) != expected).any()


@pytest.mark.parametrize("refused", [FOR_CPUS, FOR_TENSORRT])
def test_a_loss_of_one_form_is_refused_and_leaves_neither(
    street: Bundle,
    graphs: BundleGraphs,
    sets: list[Dataset],
    monkeypatch: pytest.MonkeyPatch,
    refused: Form,
) -> None:
    def scores_of(dataset: Dataset, model: Path, known_side: int) -> dict[str, Any]:
        worse = model.name == f"{refused.precision}.onnx"
        return {"dataset": dataset.name, "pixel_accuracy": 0.9, "mean_iou": 0.48 if worse else 0.5}

    monkeypatch.setattr(quantize, "_scores", scores_of)
    before = sorted(street.path.iterdir())
    with pytest.raises(QuantizationError, match=f"^{refused.precision} takes .* more than 2 %") as caught:
        add_int8_segmenter(street, graphs, sets)
    assert "--int8" in caught.value.hint
    assert sorted(street.path.iterdir()) == before


def test_a_folder_without_labelled_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuantizationError, match="no prepared set with labels"):
        labelled_sets(tmp_path)
