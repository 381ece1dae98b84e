"""Choice of the backend: explicit requests are obeyed or refused, automatic ones explained."""

import importlib.metadata
import logging
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.backends import choose as choosing
from thermalsdk.backends import choose_backend
from thermalsdk.backends.onnxruntime import OnnxRuntimeGraph
from thermalsdk.bundle import Bundle, GraphSpec, TensorSpec, write_manifest
from thermalsdk.errors import (
    BackendUnavailable,
    BundleError,
    EnvironmentConflict,
    InferenceError,
    OptionError,
)

CUDA = "CUDAExecutionProvider"


@pytest.fixture
def bundle(tiny_bundle):
    return Bundle.open(tiny_bundle)


def choose(bundle, **options):
    defaults = {"device": "auto", "backend": "auto", "precision": "auto", "threads": None}
    return choose_backend(bundle, **{**defaults, **options})


def test_cpu_is_verified_and_explained(bundle):
    backend = choose(bundle, device="cpu", threads=1)
    assert (backend.name, backend.device, backend.precision, backend.threads) == (
        "onnxruntime",
        "cpu",
        "fp32",
        1,
    )
    assert backend.providers == ("CPUExecutionProvider",)


def test_automatic_choice_logs_one_line(bundle, caplog, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with caplog.at_level(logging.INFO, logger="thermalsdk"):
        backend = choose(bundle)
    assert backend.device == "cpu"
    assert [record.message for record in caplog.records] == [
        "onnxruntime on cpu at fp32: this onnxruntime has no CUDA provider"
    ]


@pytest.mark.parametrize(
    "options",
    [{"device": "gpu"}, {"device": "cuda:x"}, {"backend": "torch"}, {"precision": "int4"}, {"threads": 0}],
)
def test_unknown_options(bundle, options):
    with pytest.raises(OptionError):
        choose(bundle, **options)


def test_explicit_cuda_without_its_provider(bundle, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BackendUnavailable, match="no CUDA provider") as caught:
        choose(bundle, device="cuda:0")
    assert "thermalsdk[gpu]" in caught.value.hint


@pytest.fixture
def listed_but_unusable(monkeypatch):
    """A GPU build on a machine without a GPU: CUDA is listed, sessions open on the CPU."""
    real = onnxruntime.InferenceSession

    def open_on_cpu(model, options, providers, **kwargs):
        return real(model, options, providers=["CPUExecutionProvider"], **kwargs)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", open_on_cpu)


def test_listed_provider_that_does_not_work_is_refused(bundle, listed_but_unusable):
    with pytest.raises(BackendUnavailable, match="lists CUDAExecutionProvider but opened"):
        choose(bundle, device="cuda:0")


def test_automatic_choice_falls_back_with_a_warning(bundle, listed_but_unusable, caplog):
    assert choose(bundle).device == "cpu"
    assert "no GPU is used" in caplog.text


@pytest.fixture
def working_cuda(monkeypatch):
    """Sessions open on the GPU that they ask for."""

    class Session:
        def __init__(self, model, options, providers, enable_fallback):
            assert enable_fallback == 0
            self.device = providers[0][1]["device_id"]

        def get_providers(self):
            return [CUDA, "CPUExecutionProvider"]

        def get_inputs(self):
            return [SimpleNamespace(name="rgb")]

        def get_outputs(self):
            return [
                SimpleNamespace(name=name) for name in ("features_2", "features_4", "features_8", "latent")
            ]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)


def test_working_cuda_is_chosen_with_half_precision_where_there_is_some(tmp_path, working_cuda):
    twins = Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="fp16"))
    backend = choose(twins)
    assert (backend.device, backend.precision) == ("cuda:0", "fp16")
    assert choose(twins, device="cuda:1", precision="fp32").device == "cuda:1"


@pytest.mark.parametrize(
    ("version", "spins"),
    [
        ("1.25.1", {"session.intra_op.allow_spinning": "0"}),
        ("1.26.0", {"session.intra_op.allow_spinning": "1", "session.intra_op.spin_duration_us": "5"}),
        ("2.0.0rc1", {"session.intra_op.allow_spinning": "1", "session.force_spinning_stop": "1"}),
    ],
)
def test_idle_threads_spin_only_where_they_can_be_told_for_how_long(bundle, monkeypatch, version, spins):
    entries = {}
    monkeypatch.setattr(onnxruntime, "__version__", version)
    monkeypatch.setattr(
        onnxruntime,
        "SessionOptions",
        lambda: SimpleNamespace(add_session_config_entry=entries.__setitem__),
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", None)
    with pytest.raises(BackendUnavailable, match="cannot open"):
        choose(bundle).open(bundle.manifest.graphs.encoder, threads=2)
    assert entries.items() >= spins.items()
    assert ("session.intra_op.spin_duration_us" in entries) == (
        entries["session.intra_op.allow_spinning"] == "1"
    )


def test_half_precision_needs_twins(bundle, tmp_path):
    with pytest.raises(BackendUnavailable, match="fp16") as caught:
        choose(bundle, precision="fp16")
    assert "--fp16" in caught.value.hint
    twins = Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="fp16"))
    assert choose(twins, device="cpu", precision="fp16").precision == "fp16"


def test_int8_is_for_processors_that_compute_it_right(bundle, tmp_path, monkeypatch):
    with pytest.raises(BackendUnavailable, match="int8") as caught:
        choose(bundle, precision="int8")
    assert "--int8" in caught.value.hint
    twins = Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="int8"))
    monkeypatch.setattr(choosing, "sums_int8_exactly", True)
    assert choose(twins, device="cpu").precision == "int8"
    assert choose(twins, device="cpu", precision="fp32").precision == "fp32"
    monkeypatch.setattr(choosing, "sums_int8_exactly", False)
    assert choose(twins, device="cpu").precision == "fp32"
    with pytest.raises(BackendUnavailable, match="does not compute right"):
        choose(twins, device="cpu", precision="int8")


def test_int8_on_a_gpu_is_for_tensorrt(tmp_path, working_cuda):
    twins = Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="int8"))
    with pytest.raises(BackendUnavailable, match="cuda:0 does not compute right") as caught:
        choose(twins, device="cuda:0", precision="int8")
    assert "device='cpu'" in caught.value.hint
    assert "backend='tensorrt'" in caught.value.hint


def test_int8_chooses_the_cpu_beside_a_working_gpu(tmp_path, working_cuda, monkeypatch):
    monkeypatch.setattr(choosing, "sums_int8_exactly", True)
    backend = choose(Bundle.open(write_tiny_bundle(tmp_path / "twins", precision="int8")), precision="int8")
    assert (backend.device, backend.precision) == ("cpu", "int8")
    assert backend.reason == "ONNX Runtime computes int8 on CPUs only"


def test_each_graph_runs_in_the_twin_that_it_has(tmp_path, monkeypatch):
    folder = write_tiny_bundle(tmp_path / "twins")
    other = write_tiny_bundle(tmp_path / "other", seed=1)
    shutil.copyfile(other / "segmenter.onnx", folder / "segmenter.int8.onnx")
    (folder / "segmenter.int8-symmetric.onnx").write_bytes(b"not for ONNX Runtime")
    write_manifest(folder, Bundle.open(folder).manifest)
    monkeypatch.setattr(choosing, "sums_int8_exactly", True)
    bundle = Bundle.open(folder)
    graphs = bundle.manifest.graphs
    rgb = {"rgb": np.ones((1, 3, 64, 64), np.float32)}
    (logits,) = graphs.segmenter.outputs
    found = []
    for opened, precision in ((bundle, "int8"), (Bundle.open(other), "fp32"), (bundle, "fp32")):
        backend = choose(opened, device="cpu", precision=precision, threads=1)
        assert backend.precision_of(graphs.segmenter) == precision
        assert backend.precision_of(graphs.encoder) == "fp32"
        found.append(np.zeros(logits.shape_for(64, 64), np.float32))
        backend.open(graphs.segmenter, 1).run(rgb, {"logits": found[-1]})
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_tensorrt_without_its_packages(bundle, monkeypatch):
    for name in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match="neither TensorRT nor") as caught:
        choose(bundle, backend="tensorrt")
    assert "thermalsdk[tensorrt]" in caught.value.hint


def test_two_wheels_conflict(bundle, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    with pytest.raises(EnvironmentConflict, match="both installed") as caught:
        choose(bundle, device="cpu")
    assert "pip uninstall onnxruntime onnxruntime-gpu" in caught.value.hint


def test_missing_onnxruntime(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailable, match="cannot be imported") as caught:
        choose(bundle, device="cpu")
    assert "thermalsdk[cpu]" in caught.value.hint


def test_graph_that_does_not_open(tmp_path):
    bundle = Bundle.open(write_tiny_bundle(tmp_path / "damaged"))
    backend = choose(bundle, device="cpu", threads=1)
    (bundle.path / "encoder.onnx").write_bytes(b"no model")
    with pytest.raises(BackendUnavailable, match=r"cannot open encoder\.onnx"):
        backend.open(bundle.manifest.graphs.encoder, 1)


def test_graph_unlike_its_manifest(bundle):
    backend = choose(bundle, device="cpu", threads=1)
    encoder = bundle.manifest.graphs.encoder
    renamed = GraphSpec(encoder.file, (TensorSpec("colour", "float32", (1, 3, "H", "W")),), encoder.outputs)
    with pytest.raises(BundleError, match="inputs"):
        backend.open(renamed, 1)


def test_failing_run_names_the_graph(bundle):
    backend = choose(bundle, device="cpu", threads=1)
    encoder = bundle.manifest.graphs.encoder
    with pytest.raises(InferenceError, match=r"encoder\.onnx"):
        backend.open(encoder, 1).run({}, {})


def test_an_output_of_another_shape_is_refused(bundle):
    encoder = bundle.manifest.graphs.encoder
    graph = choose(bundle, device="cpu", threads=1).open(encoder, 1)
    rgb = {"rgb": np.zeros((1, 3, 64, 64), np.float32)}
    outputs = {t.name: np.zeros(t.shape_for(64, 64), np.float32) for t in encoder.outputs}
    graph.run(rgb, outputs)
    small = {t.name: np.zeros(t.shape_for(32, 32), np.float32) for t in encoder.outputs}
    with pytest.raises(InferenceError, match=r"encoder\.onnx"):
        graph.run(rgb, small)


class DeviceBinding:
    """Copies inputs when they are bound, as ONNX Runtime does for a GPU, around a binding of the CPU."""

    def __init__(self, binding):
        self.binding = binding
        self.bind_ortvalue_output = binding.bind_ortvalue_output
        self.synchronize_outputs = binding.synchronize_outputs

    def bind_ortvalue_input(self, name, value):
        copy = value.numpy().copy()
        self.binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(copy))


def test_a_gpu_sees_what_has_changed_in_memory_that_it_was_given_before(bundle):
    spec = bundle.manifest.graphs.encoder
    session = onnxruntime.InferenceSession(bundle.model(spec), providers=["CPUExecutionProvider"])
    on_gpu = SimpleNamespace(
        get_providers=lambda: [CUDA, "CPUExecutionProvider"],
        io_binding=lambda: DeviceBinding(session.io_binding()),
        run_with_iobinding=lambda binding: session.run_with_iobinding(binding.binding),
    )
    graph = OnnxRuntimeGraph(on_gpu, spec)
    rgb = np.empty((1, 3, 64, 96), np.float32)
    outputs = {tensor.name: np.empty(tensor.shape_for(64, 96), np.float32) for tensor in spec.outputs}
    for value in (0.1, 0.9):
        rgb[...] = value
        graph.run({"rgb": rgb}, outputs)
        (expected,) = session.run(["latent"], {"rgb": rgb})
        np.testing.assert_allclose(outputs["latent"], expected, rtol=1e-5, atol=1e-6)
