"""One graph for encoder and layers computes what they do one by one."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from export import command
from export.fused import write
from export.fused.graph import fused_spec, without_round_trips
from export.fused.write import add_fused
from export.parity import ParityError
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, twin_name
from thermalsdk.tolerances import FP16, FP32_ORT, Tolerance

MODES = {"fp32": FP32_ORT, "fp16": FP16}


def session(bundle: Bundle, spec: GraphSpec, precision: str = "fp32") -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(bundle.model(spec, precision), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def sessions(full_bundle: Bundle) -> dict[str, onnxruntime.InferenceSession]:
    """Of the encoder, the layers, and the fused graph in both precisions."""
    graphs = full_bundle.manifest.graphs
    assert graphs.fused is not None
    opened = {name: session(full_bundle, spec) for name, spec in graphs.layers.items()}
    opened["encoder"] = session(full_bundle, graphs.encoder)
    return opened | {mode: session(full_bundle, graphs.fused, mode) for mode in MODES}


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 5))
def test_contrasts_are_those_of_the_layers_in_any_size(
    full_bundle: Bundle, sessions: dict[str, onnxruntime.InferenceSession], seed: int, rows: int, columns: int
) -> None:
    rng = np.random.default_rng(seed)
    classes = full_bundle.manifest.classes
    rgb = rng.random((1, 3, 32 * rows, 32 * columns), np.float32)
    conditions = rng.random((len(classes), 3, 8 * rows, 8 * columns), np.float32)
    names = [tensor.name for tensor in sessions["encoder"].get_outputs()]
    features = dict(zip(names, sessions["encoder"].run(names, {"rgb": rgb}), strict=True))
    expected = [
        sessions[name].run(None, features | {"condition": conditions[k : k + 1]})[0][0, 0]
        for k, name in enumerate(classes)
    ]
    for mode, tolerance in MODES.items():
        (found,) = sessions[mode].run(["contrasts"], {"rgb": rgb, "conditions": conditions})
        assert tolerance.accepts(found[0] - np.stack(expected))


def test_it_is_in_the_manifest_with_shapes_and_parity(full_bundle: Bundle) -> None:
    manifest, spec = full_bundle.manifest, fused_spec(full_bundle.manifest)
    assert manifest.graphs.fused == spec
    assert Manifest.from_dict(manifest.to_dict()) == manifest
    assert spec not in manifest.graphs.all()
    assert [t.shape for t in spec.inputs] == [(1, 3, "H", "W"), (3, 3, "H/4", "W/4")]
    assert [t.shape for t in spec.outputs] == [(1, 3, "H", "W")]
    for mode, tolerance in MODES.items():
        record = manifest.parity[twin_name(spec, mode)]
        assert record["frames"] > 3
        limit = tolerance.mean or tolerance.maximum
        assert limit is not None
        assert record["contrasts"]["mean"] < limit


@pytest.mark.parametrize("mode", MODES)
def test_it_holds_standard_operators_with_types_and_shapes(full_bundle: Bundle, mode: str) -> None:
    spec = fused_spec(full_bundle.manifest)
    model = onnx.load_from_string(full_bundle.model(spec, mode))
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    assert {node.domain for node in model.graph.node} == {""}
    for tensors, listed in ((model.graph.input, spec.inputs), (model.graph.output, spec.outputs)):
        assert [t.name for t in tensors] == [t.name for t in listed]
        assert {t.type.tensor_type.elem_type for t in tensors} == {TensorProto.FLOAT}


def casts_of(model: onnx.ModelProto) -> Counter[int]:
    return Counter(a.i for n in model.graph.node if n.op_type == "Cast" for a in n.attribute)


def test_half_graphs_hand_on_half(full_bundle: Bundle) -> None:
    """Between encoder and layers nothing is cast to float32 and back."""
    graphs = full_bundle.manifest.graphs
    fused = onnx.load_from_string(full_bundle.model(fused_spec(full_bundle.manifest), "fp16"))
    parts = Counter[int]()
    for spec in (graphs.encoder, *graphs.layers.values()):
        parts += casts_of(onnx.load_from_string(full_bundle.model(spec, "fp16")))
    assert casts_of(fused)[TensorProto.FLOAT16] < parts[TensorProto.FLOAT16]
    typed = onnx.shape_inference.infer_shapes(fused, strict_mode=True).graph
    half = {t.name for t in typed.value_info if t.type.tensor_type.elem_type == TensorProto.FLOAT16}
    casts = {n.output[0]: n.input[0] for n in typed.node if n.op_type == "Cast"}
    assert not [name for name, source in casts.items() if name in half and casts.get(source) in half]


def test_only_casts_that_change_nothing_are_taken_out() -> None:
    """From half to float32 and back goes; what rounds stays, and so does what others read."""
    half, full = TensorProto.FLOAT16, TensorProto.FLOAT
    nodes = [
        helper.make_node("Cast", ["x"], ["rounded"], to=half),
        helper.make_node("Cast", ["rounded"], ["wide"], to=full),
        helper.make_node("Cast", ["wide"], ["again"], to=half),
        helper.make_node("Add", ["again", "rounded"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["wide_sum"], to=full),
        helper.make_node("Cast", ["wide_sum"], ["half_sum"], to=half),
        helper.make_node("Mul", ["half_sum", "half_sum"], ["product"]),
        helper.make_node("Cast", ["product"], ["y"], to=full),
        helper.make_node("Add", ["wide_sum", "x"], ["z"]),
    ]
    x, y, z = (helper.make_tensor_value_info(name, full, ["n"]) for name in "xyz")
    graph = helper.make_graph(nodes, "casts", [x], [y, z])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    # ONNX Runtime takes rounding out as well; ONNX's reference computes what is written.
    values = {"x": np.linspace(-3, 3, 100, dtype=np.float32)}
    before = ReferenceEvaluator(model).run(None, values)
    after = without_round_trips(model)
    assert casts_of(after) == Counter({half: 1, full: 2})
    for expected, found in zip(before, ReferenceEvaluator(after).run(None, values), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_other_contrasts_than_the_layers_are_refused(
    full_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "contrast_tolerance", lambda backend, precision: Tolerance(mean=-1.0))
    with pytest.raises(ParityError, match=r"fused\.onnx differs from the layers") as caught:
        add_fused(full_bundle, None, None)  # type: ignore[arg-type]
    assert "--fp16" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "written"),
    [([], False), (["--engines", "none"], False), (["--fp16"], True), (["--engines", "rtx"], True)],
)
def test_it_is_written_for_whoever_runs_on_a_gpu(options: list[str], written: bool) -> None:
    additions = command._additions(command._parser().parse_args(options))
    assert (additions[-1].func is add_fused if additions else False) == written  # type: ignore[attr-defined]
