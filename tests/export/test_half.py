"""Half precision: half where it holds the numbers, float32 where it does not, and close to FP32."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto
from torch import nn

from export.frames import check_frames, feeds
from export.graphs import Graph, Tensor4, graphs_of, write_onnx
from export.half import HalfPrecisionError, twins
from export.half import parity as half_parity
from export.half.audit import LARGEST, SMALLEST, Magnitudes, audit, modules_behind
from export.half.module import in_half, sensitive_parts
from export.networks import networks_of
from export.parity import ParityError
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, shipped_bundles, twin_name
from thermalsdk.scenes import StreetScene
from thermalsdk.tolerances import FP16, Deviation, Tolerance

RGB = Tensor4("rgb", 3, 1, (0.0, 1.0))


class Mix(nn.Module):
    """Two branches whose sum is made by the module itself."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 1)
        self.right = nn.Conv2d(3, 4, 1)
        self.last = nn.Conv2d(4, 3, 1)
        self.tail = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        return self.tail(self.last(torch.relu(self.left(rgb) + self.right(rgb))))


def written(module: nn.Module, directory: Path) -> tuple[Path, dict]:
    """The twin of a module from colours to three planes, and its record."""
    torch.manual_seed(1)
    feed = {"rgb": torch.rand(1, 3, 64, 64).numpy()}
    graph = Graph("mix.onnx", module.eval(), (RGB,), (Tensor4("out", 3, 1),))
    return twins._write_twin(graph, directory, [feed], [])


def weight_types(path: Path) -> dict[str, int]:
    return {c.name: c.data_type for c in onnx.load(str(path)).graph.initializer}


def test_weights_become_half_and_the_outside_stays_float32(tmp_path: Path) -> None:
    module = Mix()
    path, record = written(module, tmp_path)
    assert path.name == "mix.fp16.onnx"
    types = weight_types(path)
    assert all(types[name] == TensorProto.FLOAT16 for name in module.state_dict())
    graph = onnx.load(str(path)).graph
    assert {t.type.tensor_type.elem_type for t in (*graph.input, *graph.output)} == {TensorProto.FLOAT}
    assert record["float32_parts"] == []
    assert all(p.dtype == torch.float32 for p in module.parameters())


def test_the_audit_sees_values_that_rounding_would_hide(tmp_path: Path) -> None:
    """`left` makes 4e4 to 6e4 which half still holds, but not with a frame twice as bright."""
    module = Mix()
    with torch.no_grad():
        module.left.bias.fill_(5e4)
        module.last.weight.fill_(1e-3)
    path, record = written(module, tmp_path)
    assert record["float32_parts"] == ["last", "left"]  # what makes the values, and what would take them
    assert weight_types(path)["right.weight"] == TensorProto.FLOAT16
    assert weight_types(path)["left.weight"] == TensorProto.FLOAT
    assert record["misfits"]["left.bias"]["largest"] > LARGEST
    assert record["largest"]["magnitude"] < LARGEST


def test_a_sum_that_overflows_keeps_its_operands_in_float32(tmp_path: Path) -> None:
    module = Mix()
    with torch.no_grad():
        for part in (module.left, module.right):
            part.bias.fill_(2e4)
        module.last.weight.fill_(1e-3)
    path, record = written(module, tmp_path)
    assert {"left", "right", "last"} <= set(record["float32_parts"])
    rgb = np.random.default_rng(0).random((1, 3, 64, 96), np.float32)
    (got,) = onnxruntime.InferenceSession(str(path)).run(None, {"rgb": rgb})
    with torch.no_grad():
        expected = module(torch.from_numpy(rgb)).numpy()
    assert np.abs(got - expected).mean() < FP16.mean * np.abs(expected).max()


def test_a_graph_of_which_little_could_be_half_is_refused(tmp_path: Path) -> None:
    module = Mix()
    with torch.no_grad():
        for part in module.tail:
            part.weight.mul_(1e-7)
    with pytest.raises(HalfPrecisionError, match=r"only \d+% of the weights of mix\.onnx"):
        written(module, tmp_path)


def test_weights_in_the_underflow_stay_float32(tmp_path: Path) -> None:
    module = Mix()
    with torch.no_grad():
        module.right.weight.mul_(1e-6)
    _, record = written(module, tmp_path)
    assert record["float32_parts"] == ["right"]
    assert record["misfits"]["right.weight"]["smallest"] < SMALLEST


def test_what_no_part_owns_is_refused(tmp_path: Path) -> None:
    class Loud(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor([1e6, 1.0, 1.0]))

        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            return rgb * self.gain[None, :, None, None]

    with pytest.raises(HalfPrecisionError, match=r"half does not hold: .*gain"):
        written(Loud(), tmp_path)


@given(st.floats(1e-9, 1e9), st.floats(0, 1))
def test_a_tensor_fits_half_if_its_channels_do(largest: float, share: float) -> None:
    found = Magnitudes.of(np.array([largest, largest * share]))
    useful = largest * share if share >= 2.0**-11 else largest
    assert found.fit_half == (largest < LARGEST and useful >= SMALLEST)


def test_zeros_fit_and_infinity_does_not() -> None:
    assert Magnitudes.of(np.zeros(3)).fit_half
    assert not Magnitudes.of(np.array([np.inf, 1.0])).fit_half


def test_every_twin_is_in_the_manifest_with_its_audit(full_bundle: Bundle) -> None:
    manifest = full_bundle.manifest
    assert full_bundle.offers("fp16")
    for spec in manifest.graphs.all():
        record = manifest.parity[twin_name(spec, "fp16")]
        assert {t.name for t in spec.outputs} <= set(record["outputs"])
        assert record["audit"]["half_tensors"] > 0
        assert record["audit"]["largest"]["magnitude"] < LARGEST
    assert "float32" in manifest.parity["fp16"]["measures"]
    assert 0 < manifest.parity["fp16"]["kelvin"]["mean"] < FP16.mean * manifest.contrast_kelvin


def test_the_sdk_runs_half_precision_on_a_cpu_when_asked(full_bundle: Bundle) -> None:
    scene = StreetScene(3, 96, 128).render(0.0)
    frames = {}
    for precision in ("auto", "fp32", "fp16"):
        with Synthesizer.load(full_bundle.path, device="cpu", precision=precision, threads=1) as synth:
            assert synth.info.precision == ("fp32" if precision == "auto" else precision)
            frames[precision] = synth(scene.rgb).kelvin
    np.testing.assert_array_equal(frames["auto"], frames["fp32"])
    assert not np.array_equal(frames["fp16"], frames["fp32"])
    assert np.abs(frames["fp16"] - frames["fp32"]).mean() < 0.2


def test_a_layer_is_judged_where_its_class_is() -> None:
    condition = np.zeros((1, 3, 6, 8), np.float32)
    condition[0, 0, 0, 3] = 0.1
    condition[0, 2] = 1.0  # temperatures are no class
    shown = half_parity._shown({"condition": condition})
    assert shown.shape == (24, 32)
    assert shown[:8, 8:20].all()
    assert shown.sum() == 8 * 12


def test_a_miss_of_parity_is_refused(full_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = check_frames(full_bundle, None)[0]
    feed = feeds(full_bundle, frame)
    layer = full_bundle.manifest.graphs.layers["car"]
    given = (layer, full_bundle.path / twin_name(layer, "fp16"), [feed[layer.file]], [feed[layer.file]])
    assert half_parity.compare_graph(full_bundle, *given)["contrast"]["mean"] > 0
    monkeypatch.setitem(half_parity._LIMITS, "contrast", Tolerance(mean=1e-12, p999=1e-12))
    with pytest.raises(ParityError, match=r"layer_car\.fp16\.onnx: contrast differs") as caught:
        half_parity.compare_graph(full_bundle, *given)
    assert "--fp16" in caught.value.hint


@pytest.mark.slow
@pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle")
def test_a_shipped_layer_fits_half(tmp_path: Path) -> None:
    bundle = Bundle.open("street")
    graphs = graphs_of(networks_of(bundle))
    assert sensitive_parts(graphs.encoder.module) == {"backbone.stem", "backbone.blocks.0.depthwise"}
    layer = graphs.layers["person"]
    frames = check_frames(bundle, None)[:2]
    given = [feeds(bundle, frame)[layer.file] for frame in frames]
    half = Graph("half.onnx", in_half(layer.module), layer.inputs, layer.outputs, takes_frames=False)
    path = write_onnx(half, tmp_path)
    weights = {name: p.detach().numpy() for name, p in layer.module.named_parameters()}
    found = audit(path, weights, given)
    assert not found.misfits()
    assert modules_behind(path, ["contrast"]) == {"contrast"}
    sessions = [onnxruntime.InferenceSession(model) for model in (bundle.model(layer.spec()), str(path))]
    full, rounded = ([s.run(None, feed)[0] for feed in given] for s in sessions)
    worst = Deviation.worst([Deviation.of(r - f) for r, f in zip(rounded, full, strict=True)])
    assert FP16.allows(worst)
    assert worst.mean > 0
