"""A run becomes a bundle that the run time loads and that computes what PyTorch computes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export import bundle as bundle_module
from export.bundle import known_side, write_bundle
from export.graphs import Graph, Tensor4, graphs_of, write_onnx
from export.networks import networks_of
from export.parity import ParityError, check_graph
from export.run import RunError, TrainingRun, load_run, newest_run
from tests.export.tiny_networks import CLASSES, RECORD
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, Manifest
from thermalsdk.errors import OutputError
from thermalsdk.labels import STREET_CLASSES
from train.checkpoint import WEIGHTS, TrainState, write_json
from train.networks.edge import EdgeGenerator
from train.networks.labeller import Labeller
from train.networks.segmenter import Segmenter
from train.record import CONFIG


def untrained(classes: tuple[str, ...]) -> TrainingRun:
    torch.manual_seed(0)
    generator = EdgeGenerator(classes, pretrained=False).eval()
    for layer in generator.layers.values():
        torch.nn.init.normal_(layer.contrast.weight, std=0.3)
    return TrainingRun(
        directory=Path("runs/none"),
        generator=generator,
        segmenter=Segmenter(classes, pretrained=False).eval(),
        labeller=Labeller(classes, 283.15, 20.0, pretrained=False).eval(),
        records=dict.fromkeys(("edge", "segmenter", "labeller"), RECORD),
    )


@pytest.fixture(scope="module")
def run() -> TrainingRun:
    return untrained(STREET_CLASSES)


@pytest.fixture(scope="module")
def small_run() -> TrainingRun:
    """Real networks of two classes: a layer takes seconds to trace, and all are of one architecture."""
    return untrained(CLASSES[:2])


@pytest.fixture(scope="module")
def exported(small_run: TrainingRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(small_run, tmp_path_factory.mktemp("export") / "street", "street")


@pytest.mark.slow
def test_bundle_reproduces_its_golden_outputs(exported: Path) -> None:
    golden = np.load(exported / "golden.npz")
    with Synthesizer.load(exported, device="cpu", threads=1) as synth:
        given = synth(golden["rgb"], labels=golden["labels"], thermal_labels=golden["thermal_labels"])
        auto = synth(golden["rgb"])
    np.testing.assert_allclose(given.kelvin, golden["kelvin"], atol=1e-2)
    np.testing.assert_array_equal(auto.labels, golden["auto_labels"])


@pytest.mark.slow
def test_graphs_hold_standard_operators_and_constant_weights(exported: Path) -> None:
    bundle = Bundle.open(exported)
    for spec in bundle.manifest.graphs.all():
        model = onnx.load_from_string(bundle.model(spec))
        assert {node.domain for node in model.graph.node} == {""}
        constants = {initializer.name for initializer in model.graph.initializer}
        convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
        assert convolutions
        assert all(node.input[1] in constants for node in convolutions), spec.file
        assert bundle.manifest.parity[spec.file]["max_difference"] <= 1e-4


def test_the_known_side_is_that_of_what_the_segmenter_learned_from() -> None:
    data = [{"share": 0.3, "side": 1080}, {"share": 0.1, "side": 480}, {"name": "cut-outs", "share": 0.6}]
    assert known_side({"data": data}) == 930
    assert known_side({"data": [{"share": 1.0, "side": 40}]}) == 64
    assert known_side({"data": data[2:]}) == known_side({"data": []}) == Manifest.known_side_pixels
    assert known_side({"data": data, "known_side_pixels": 700}) == 700  # a bundle's, which says it itself


def test_a_run_on_large_frames_says_so(small_run: TrainingRun) -> None:
    record = {**RECORD, "steps": 0, "data": [{"share": 1.0, "side": 1080}]}
    run = replace(small_run, records={**small_run.records, "segmenter": record})
    assert bundle_module._manifest(run, graphs_of(run), "mine", {}).known_side_pixels == 1080


@pytest.mark.slow
def test_a_miss_of_parity_leaves_nothing(
    small_run: TrainingRun, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_perturbed(graph: Graph, directory: Path) -> Path:
        path = directory / graph.file
        model = onnx.load(str(exported / graph.file))
        for weight in model.graph.initializer:
            if len(weight.dims) == 4:  # the kernel of a convolution
                weight.raw_data = (np.frombuffer(weight.raw_data, np.float32) * np.float32(1.5)).tobytes()
        onnx.save(model, str(path))
        return path

    monkeypatch.setattr(bundle_module, "write_onnx", write_perturbed)
    with pytest.raises(ParityError, match=r"encoder\.onnx differs from PyTorch"):
        write_bundle(small_run, tmp_path / "street", "street")
    assert not list(tmp_path.iterdir())


def test_check_sees_what_is_not_a_function(tmp_path: Path) -> None:
    class Drifting(torch.nn.Module):
        calls = 0.0

        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            self.calls += 1.0
            return rgb * self.calls

    module = Drifting()
    graph = Graph("drift.onnx", module, (Tensor4("rgb", 3, 1, (0.0, 1.0)),), (Tensor4("out", 3, 1),))
    path = write_onnx(graph, tmp_path)
    with pytest.raises(ParityError):
        check_graph(graph, path, [])


def test_a_folder_that_is_no_bundle_is_kept(run: TrainingRun, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError):
        write_bundle(run, tmp_path, "street")
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_layers_take_regions_in_steps_of_eight(run: TrainingRun) -> None:
    graphs = graphs_of(run)
    shapes = {t.name: t.shape for t in graphs.layers["car"].spec().inputs}
    assert shapes["features_8"] == (1, "H/8", "W/8", 32)
    assert shapes["latent"] == (1, 64)


def write_stages(run: TrainingRun, directory: Path, **steps_done: int) -> Path:
    """A run of ten steps a stage, as training leaves it, after so many of them."""
    stages = {
        "segmenter": {"segmenter_ema": run.segmenter},
        "labeller": {"labeller_ema": run.labeller},
        "edge": {"generator_ema": run.generator},
    }
    for stage, modules in stages.items():
        (directory / stage).mkdir(parents=True)
        write_json(directory / stage / CONFIG, RECORD | {"steps": 10})
        TrainState(modules, step=steps_done.get(stage, 10)).save(directory / stage)
    return directory


def test_the_newest_run_is_one_that_was_trained_to_its_end(run: TrainingRun, tmp_path: Path) -> None:
    complete = write_stages(run, tmp_path / "complete")
    write_stages(run, tmp_path / "half", edge=5)
    damaged = write_stages(run, tmp_path / "damaged")
    (damaged / "edge" / WEIGHTS).write_bytes(b"cut")
    assert newest_run(tmp_path) == complete


def test_an_unfinished_run_that_is_named_says_how_far_it_came(
    run: TrainingRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half = write_stages(run, tmp_path / "half", edge=5)
    assert load_run(half).records["edge"]["steps_done"] == 5
    assert caplog.messages == ["edge: 5 of 10 steps"]


def test_stages_that_a_run_lacks_come_from_a_bundle(tmp_path: Path) -> None:
    warmer = Labeller(STREET_CLASSES, 283.15, 20.0, pretrained=False)
    torch.nn.init.constant_(warmer.head.bias, 0.5)
    (tmp_path / "labeller").mkdir()
    write_json(tmp_path / "labeller" / CONFIG, RECORD | {"steps": 10})
    TrainState({"labeller_ema": warmer}, step=10).save(tmp_path / "labeller")
    base = Bundle.open("street")
    mixed, given = load_run(tmp_path, base), networks_of(base)
    torch.testing.assert_close(mixed.labeller.head.bias, warmer.head.bias)
    for one, other in ((mixed.segmenter, given.segmenter), (mixed.generator, given.generator)):
        torch.testing.assert_close(one.state_dict(), other.state_dict())
    steps = {stage: base.manifest.training[stage]["steps"] for stage in ("segmenter", "edge")}
    assert {stage: record["steps_done"] for stage, record in mixed.records.items()} == {
        **steps,
        "labeller": 10,
    }
    assert mixed.settings["contrast_kelvin"] == base.manifest.contrast_kelvin
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="holds no stage"):
        load_run(tmp_path / "empty", base)


def test_a_labeller_of_another_normalisation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labeller").mkdir()
    write_json(tmp_path / "labeller" / CONFIG, RECORD | {"steps": 10, "scale_kelvin": 30.0})
    labeller = Labeller(STREET_CLASSES, 283.15, 30.0, pretrained=False)
    TrainState({"labeller_ema": labeller}, step=10).save(tmp_path / "labeller")
    with pytest.raises(RunError, match=r"\(283\.15, 30\.0\) and \(283\.15, 20\.0\) K"):
        load_run(tmp_path, Bundle.open("street"))


def test_missing_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no segmenter"):
        load_run(tmp_path)
    with pytest.raises(RunError, match="no complete training run"):
        newest_run(tmp_path)
