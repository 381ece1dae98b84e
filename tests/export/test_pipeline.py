"""One graph computes what the SDK computes."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from export.parity import ParityError
from export.pipeline import add_pipeline, write
from export.pipeline.composition import Composition, Preparation
from export.pipeline.reduction import square_means
from tests.sdk.known_side import copy_that_knows
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle, twin_name
from thermalsdk.compositing import reference
from thermalsdk.scenes import StreetScene
from thermalsdk.tolerances import COMPOSITE_KELVIN, PIPELINE_KELVIN, Tolerance

OFFSET, SCALE = 283.15, 20.0


def random_frame(seed: int, classes: int, size: tuple[int, int] = (24, 40)) -> tuple[np.ndarray, ...]:
    """Blocky labels that lack some classes, instances across them, and R by object."""
    rng = np.random.default_rng(seed)
    present = rng.choice(classes, rng.integers(1, classes + 1), replace=False)
    blocks = rng.choice(present, (size[0] // 4, size[1] // 4)).astype(np.uint8)
    labels = blocks.repeat(4, 0).repeat(4, 1)
    instances = rng.choice(np.array([0, 7, 65535], np.uint16), size)
    objects, count = reference.connected_components(labels, instances)
    kelvin = rng.uniform(220, 400, count).astype(np.float32)
    return labels, instances, objects, kelvin[objects]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 3))
def test_composition_is_the_references(seed: int, classes: int, feather: int) -> None:
    labels, instances, objects, told = random_frame(seed, classes)
    rng = np.random.default_rng(seed)
    contrasts = [rng.uniform(-1, 1, labels.shape).astype(np.float32) for _ in range(classes)]
    expected = reference.composite(labels, objects, contrasts, told, 10.0, feather)
    got = Composition(10.0, feather, OFFSET)(
        torch.from_numpy(labels)[None],
        torch.from_numpy(instances.astype(np.int32))[None],
        torch.from_numpy(told)[None],
        tuple(torch.from_numpy(c)[None, None] for c in contrasts),
    )
    assert COMPOSITE_KELVIN.accepts(got[0].numpy() - expected)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_preparation_is_the_references(seed: int, classes: int) -> None:
    labels, _, _, told = random_frame(seed, classes)
    rgb = np.random.default_rng(seed).integers(0, 256, (*labels.shape, 3), np.uint8)
    planes, *conditions = Preparation(classes, OFFSET, SCALE)(
        torch.from_numpy(rgb)[None], torch.from_numpy(labels)[None], torch.from_numpy(told)[None]
    )
    np.testing.assert_allclose(planes[0], reference.planes(rgb), rtol=1e-6)
    expected = reference.conditions(labels, told, classes, OFFSET, SCALE)
    for condition, wanted in zip(conditions, expected, strict=True):
        np.testing.assert_allclose(condition[0], wanted, atol=2e-6)


def feed_of(rgb: np.ndarray, labels: np.ndarray, instances: np.ndarray, told: np.ndarray) -> dict:
    return {
        "rgb": rgb[np.newaxis],
        "labels": labels[np.newaxis],
        "instances": instances.astype(np.int32)[np.newaxis],
        "thermal_labels": told[np.newaxis],
    }


def test_graph_equals_the_sdk_with_instances_and_absent_classes(full_bundle: Bundle) -> None:
    labels, instances, _, told = random_frame(5, 2, (128, 96))
    labels = 2 * labels
    rgb = StreetScene(4, *labels.shape).render(0.0).rgb
    with Synthesizer.load(full_bundle.path, device="cpu", precision="fp32", threads=1) as synth:
        expected = synth(rgb, labels=labels, instances=instances, thermal_labels=told).kelvin
    session = onnxruntime.InferenceSession(str(full_bundle.path / "pipeline.onnx"))
    (kelvin,) = session.run(None, feed_of(rgb, labels, instances, told))
    assert PIPELINE_KELVIN.accepts(kelvin[0] - expected)
    assert set(np.unique(labels)) == {0, 2}


def test_graph_holds_standard_operators_with_shapes_and_is_in_the_manifest(full_bundle: Bundle) -> None:
    spec = full_bundle.manifest.graphs.pipeline
    assert spec is not None
    for precision in ("fp32", "fp16"):
        path = full_bundle.path / twin_name(spec, precision)
        assert path.name in full_bundle.manifest.files
        assert full_bundle.manifest.parity[path.name]["kelvin"]["mean"] < 1e-2
        onnx.checker.check_model(str(path), full_check=True)
        model = onnx.shape_inference.infer_shapes(
            onnx.load(str(path)), check_type=True, strict_mode=True, data_prop=True
        )
        assert {node.domain for node in model.graph.node} == {""}
        assert [t.name for t in model.graph.input] == [t.name for t in spec.inputs]
        (kelvin,) = model.graph.output
        assert [d.dim_param or d.dim_value for d in kelvin.type.tensor_type.shape.dim] == [1, "H", "W"]
        typed = {v.name for v in (*model.graph.value_info, *model.graph.output)}
        assert all(output in typed for node in model.graph.node for output in node.output)


def test_a_pipeline_of_one_size_has_only_numbers_for_shapes(
    full_bundle: Bundle, ends: tuple[onnx.ModelProto, onnx.ModelProto]
) -> None:
    spec = write.pipeline_spec(full_bundle.manifest, (64, 96))
    model = write._joined(full_bundle, spec, "fp32", ends)
    shapes = [v.type.tensor_type.shape for v in (*model.graph.value_info, *model.graph.output)]
    assert all(dim.HasField("dim_value") for shape in shapes for dim in shape.dim)
    labels, instances, _, told = random_frame(1, 3, (64, 96))
    rgb = np.zeros((64, 96, 3), np.uint8)
    feed = feed_of(rgb, labels, instances, told)
    fixed = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feed)[0]
    free = onnxruntime.InferenceSession(str(full_bundle.path / "pipeline.onnx")).run(None, feed)[0]
    np.testing.assert_allclose(fixed, free, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(8, 40), st.integers(8, 40))
def test_reduced_frames_are_the_references(seed: int, factor: int, height: int, width: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    planes = square_means(torch.from_numpy(rgb).permute(2, 0, 1)[None].float(), factor)
    np.testing.assert_array_equal(planes[0].permute(1, 2, 0), reference.reduce(rgb, factor))


def test_a_pipeline_of_large_frames_shows_them_reduced(full_bundle: Bundle, tmp_path: Path) -> None:
    bundle = Bundle.open(copy_that_knows(full_bundle.path, 64, tmp_path / "tiny"))
    size = (192, 224)  # a third of it is 64x75, padded to 64x96
    spec = write.pipeline_spec(bundle.manifest, size)
    model = write._joined(bundle, spec, "fp32", write._ends(bundle.manifest, size))
    labels, instances, _, told = random_frame(3, 3, size)
    rgb = StreetScene(4, *size).render(0.0).rgb
    with Synthesizer.load(bundle.path, device="cpu", precision="fp32", threads=1) as synth:
        expected = synth(rgb, labels=labels, instances=instances, thermal_labels=told).kelvin
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (kelvin,) = session.run(None, feed_of(rgb, labels, instances, told))
    assert PIPELINE_KELVIN.accepts(kelvin[0] - expected)
    whole = onnxruntime.InferenceSession(str(full_bundle.path / "pipeline.onnx"))
    (seen_whole,) = whole.run(None, feed_of(rgb, labels, instances, told))
    assert not PIPELINE_KELVIN.accepts(seen_whole[0] - expected)


def test_a_pipeline_of_any_size_is_compared_on_frames_seen_whole(
    full_bundle: Bundle,
    ends: tuple[onnx.ModelProto, onnx.ModelProto],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Scenes of 240 are seen as they are, and padded to 256 would be halved."""
    monkeypatch.setattr(write, "_ends", lambda manifest, size: ends)
    bundle = Bundle.open(copy_that_knows(full_bundle.path, 165, tmp_path / "tiny"))
    manifest = add_pipeline(bundle, None, None, None)  # type: ignore[arg-type]
    assert manifest.parity["pipeline.onnx"]["kelvin"]["mean"] < 1e-4


def test_another_result_than_the_sdks_is_refused(
    full_bundle: Bundle,
    ends: tuple[onnx.ModelProto, onnx.ModelProto],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write, "PIPELINE_KELVIN", Tolerance(mean=1e-9))
    monkeypatch.setattr(write, "_ends", lambda manifest, size: ends)
    with pytest.raises(ParityError, match="differs from the SDK") as caught:
        add_pipeline(full_bundle, None, None, None)  # type: ignore[arg-type]
    assert "--pipeline" in caught.value.hint
