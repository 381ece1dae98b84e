"""Methods other than `edge` as ONNX graphs: what ONNX Runtime computes is what the method computes."""

import json
from dataclasses import asdict

import numpy as np
import onnxruntime as ort
import pytest
import torch

from export import methods
from export.methods import RECORD, export_method, is_method_run
from export.parity import ParityError
from export.run import RunError
from thermalsdk.errors import OutputError
from thermalsdk.labels import STREET_CLASSES
from train.checkpoint import TrainState, write_json
from train.comparison.training import Budget, build
from train.composition import one_hot
from train.methods import FrameInputs, layered
from train.networks.paper import paper_conditions

BUDGET = Budget(images=4, size=64, cap=4)


def write_run(directory, name):
    """An untrained method, kept as training keeps it."""
    method = build(name, BUDGET)
    method.generator.eval()
    directory.mkdir(parents=True)
    TrainState({"generator_ema": method.generator}).save(directory)
    write_json(directory / "config.json", {"method": name, **asdict(BUDGET)})
    return method


def frame(classes=STREET_CLASSES):
    rng = torch.Generator().manual_seed(7)
    labels = torch.randint(len(classes), (1, 8, 8), generator=rng).repeat_interleave(8, 1)
    labels = labels.repeat_interleave(8, 2)
    kelvin = 280 + 20 * torch.rand(len(classes), generator=rng)[labels]
    return FrameInputs(torch.rand(1, 3, 64, 64, generator=rng), labels, torch.zeros_like(labels), 1, kelvin)


def run_graph(path, feed):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {name: value.numpy() for name, value in feed.items()})[0]


@pytest.mark.parametrize("name", ["pix2pix-told", "thermalgan", "segmentation", "reduced"])
def test_a_whole_frame_method_becomes_one_graph(name, tmp_path):
    method = write_run(tmp_path / "run", name)
    out = export_method(tmp_path / "run", tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == ["frame.onnx", RECORD]
    inputs = frame()
    feed = {"rgb": inputs.rgb, "labels": inputs.labels, "thermal_labels": inputs.thermal_labels}
    with torch.inference_mode():
        expected = method.kelvin(method.generator, inputs).numpy()
    np.testing.assert_allclose(run_graph(out / "frame.onnx", feed), expected, rtol=0, atol=2e-3)
    record = json.loads((out / RECORD).read_text())
    assert record["method"] == name
    assert record["graphs"]["frame.onnx"]["inputs"]["rgb"] == {
        "shape": [1, 3, 64, 64],
        "dtype": "float32",
    }


@pytest.mark.slow
def test_the_paper_becomes_one_graph_a_class_that_add_up_to_its_frame(tmp_path, monkeypatch):
    classes = STREET_CLASSES[:2]  # each layer takes seconds to export, and all are of one architecture
    for module in (layered, methods):
        monkeypatch.setattr(module, "STREET_CLASSES", classes)
    monkeypatch.setattr(layered, "CLASSES", len(classes))
    method = write_run(tmp_path / "run", "paper")
    out = export_method(tmp_path / "run", tmp_path / "out")
    record = json.loads((out / RECORD).read_text())
    assert set(record["graphs"]) == {f"layer_{name}.onnx" for name in classes}
    assert record["classes"] == list(classes)
    assert record["temperatures_are_local"] is False
    inputs = frame(classes)
    with torch.inference_mode():
        expected = method.kelvin(method.generator, inputs).numpy()
    numbers = (
        record["thermal_normalization"]["offset_kelvin"],
        record["thermal_normalization"]["scale_kelvin"],
    )
    told = paper_conditions(inputs.labels, inputs.thermal_labels, len(classes), *numbers)
    masks = one_hot(inputs.labels, len(classes)).numpy()
    made = inputs.thermal_labels.numpy()
    for k in np.unique(inputs.labels):
        feed = {"rgb": inputs.rgb, "condition": told[:, k].contiguous()}
        contrast = run_graph(out / f"layer_{classes[k]}.onnx", feed)[:, 0]
        made = made + record["contrast_kelvin"] * masks[:, k] * contrast
    np.testing.assert_allclose(made, expected, rtol=0, atol=2e-3)


def test_an_edge_run_of_the_comparison_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    write_json(tmp_path / "run" / "config.json", {"method": "edge", **asdict(BUDGET)})
    with pytest.raises(RunError, match="edge"):
        export_method(tmp_path / "run", tmp_path / "out")


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    write_run(tmp_path / "run", "pix2pix")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match="something else"):
        export_method(tmp_path / "run", tmp_path / "out")
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


def test_a_graph_that_differs_leaves_nothing(tmp_path, monkeypatch):
    write_run(tmp_path / "run", "pix2pix")

    def trace_something_else(module, *words):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(1.01)
        model = real_trace(module, *words)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.div_(1.01)
        return model

    real_trace = methods.trace
    monkeypatch.setattr(methods, "trace", trace_something_else)
    with pytest.raises(ParityError):
        export_method(tmp_path / "run", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_only_method_runs_are_taken_for_one(tmp_path):
    write_run(tmp_path / "run", "pix2pix")
    assert is_method_run(tmp_path / "run")
    assert not is_method_run(tmp_path)
