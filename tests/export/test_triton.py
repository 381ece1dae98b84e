"""The model repository, read with Triton's own schema."""

import importlib.util
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import onnx
import pytest
from google.protobuf import text_format
from onnx import TensorProto

from export import triton
from export.pipeline.write import pipeline_spec
from export.triton import config, write_repository
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.bundle import Bundle
from thermalsdk.errors import BundleError, OutputError

ONNX_TYPES = {
    "TYPE_UINT8": TensorProto.UINT8,
    "TYPE_INT32": TensorProto.INT32,
    "TYPE_FP32": TensorProto.FLOAT,
}


@pytest.fixture(scope="module")
def schema() -> ModuleType:
    """model_config.proto as the package tritonclient has it; the package itself would need a gRPC stack."""
    package = importlib.util.find_spec("tritonclient")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("triton_model_config", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def repository(full_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(full_bundle, tmp_path_factory.mktemp("triton") / "models")


@pytest.mark.parametrize("name", ["tiny", "tiny_fp16"])
def test_config_says_what_the_model_takes(schema: ModuleType, repository: Path, name: str) -> None:
    text = (repository / name / "config.pbtxt").read_text()
    parsed = text_format.Parse(text, schema.ModelConfig())
    assert (parsed.name, parsed.backend, parsed.max_batch_size) == (name, "onnxruntime", 0)
    model = onnx.load(str(repository / name / "1" / parsed.default_model_filename))
    data_type = schema.DataType.Name
    for listed, real in ((parsed.input, model.graph.input), (parsed.output, model.graph.output)):
        assert [t.name for t in listed] == [t.name for t in real]
        for tensor, value in zip(listed, real, strict=True):
            assert ONNX_TYPES[data_type(tensor.data_type)] == value.type.tensor_type.elem_type
            shape = [d.dim_value or -1 for d in value.type.tensor_type.shape.dim]
            assert list(tensor.dims) == shape
    assert [group.count for group in parsed.instance_group] == [1]
    assert parsed.version_policy.latest.num_versions == 1


def test_warm_up_is_a_frame_that_the_model_takes(schema: ModuleType, full_bundle: Bundle) -> None:
    for size, expected in ((None, (512, 512)), ((64, 96), (64, 96))):
        spec = pipeline_spec(full_bundle.manifest, size)
        parsed = text_format.Parse(config("street", spec), schema.ModelConfig())
        (warmup,) = parsed.model_warmup
        assert warmup.batch_size == 1
        assert set(warmup.inputs) == {tensor.name for tensor in parsed.input}
        for tensor in parsed.input:
            given = warmup.inputs[tensor.name]
            assert given.data_type == tensor.data_type
            assert given.zero_data
            assert tuple(given.dims)[1:3] == expected
            fits = zip(tensor.dims, given.dims, strict=True)
            assert all(dim in (-1, warm) for dim, warm in fits)


def test_only_the_models_own_folder_is_written(full_bundle: Bundle, repository: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(repository, models)
    (models / "detector").mkdir()
    (models / "tiny" / "1" / "pipeline.onnx").write_bytes(b"old")
    write_repository(full_bundle, models)
    assert (models / "detector").is_dir()
    written = (models / "tiny" / "1" / "pipeline.onnx").read_bytes()
    assert written == (full_bundle.path / "pipeline.onnx").read_bytes()
    (models / "tiny" / "config.pbtxt").rename(models / "tiny" / "somebody_elses")
    with pytest.raises(OutputError, match="something else"):
        write_repository(full_bundle, models)


def without_half(bundle: Bundle) -> Bundle:
    """The same without a half-precision pipeline."""
    files = {name: entry for name, entry in bundle.manifest.files.items() if name != "pipeline.fp16.onnx"}
    return Bundle(bundle.path, replace(bundle.manifest, files=files))


def test_a_former_half_precision_model_does_not_outlive_its_twin(
    full_bundle: Bundle, repository: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(repository, models)
    write_repository(without_half(full_bundle), models)
    assert [path.name for path in models.iterdir()] == ["tiny"]
    assert list(tmp_path.iterdir()) == [models]


def test_somebody_elses_half_precision_model_stays(full_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny_fp16").mkdir(parents=True)
    (tmp_path / "models" / "tiny_fp16" / "thesis.tex").write_text("years of work")
    write_repository(without_half(full_bundle), tmp_path / "models")
    assert (tmp_path / "models" / "tiny_fp16" / "thesis.tex").exists()


def test_a_server_that_polls_sees_whole_models_alone(
    full_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, seen, copyfile = tmp_path / "models", [], shutil.copyfile

    def copy(source: Path, target: Path) -> None:
        seen.append([path.name for path in models.iterdir()])
        copyfile(source, target)

    monkeypatch.setattr(triton.shutil, "copyfile", copy)
    write_repository(full_bundle, models)
    assert seen == [[], ["tiny"]]
    assert list(tmp_path.iterdir()) == [models]


def test_a_mount_point_is_refused(full_bundle: Bundle) -> None:
    with pytest.raises(OutputError, match="/proc is a mount point"):
        write_repository(full_bundle, Path("/proc"))


def test_a_bundle_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    plain = Bundle.open(write_tiny_bundle(tmp_path / "plain"))
    with pytest.raises(BundleError, match="no pipeline") as caught:
        write_repository(plain, tmp_path / "models")
    assert "--pipeline" in caught.value.hint
