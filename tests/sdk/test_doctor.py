"""`thermalsdk doctor`: facts, conflicts, and a verdict on every backend."""

import importlib.metadata
import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from tests.engines.fake_gpu import FakeGpu, Library
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Synthesizer
from thermalsdk.backends import choose as choosing
from thermalsdk.backends.onnxruntime import OnnxRuntimeGraph
from thermalsdk.bundle import Bundle, write_manifest
from thermalsdk.cli.main import main
from thermalsdk.doctor import environment, find_conflicts
from thermalsdk.doctor import environment as environment_module
from thermalsdk.errors import EngineError, MissingDependency, OutputError, PrecisionError
from thermalsdk.tolerances import FP16, FP32_ORT, FP32_TENSORRT, contrast_tolerance


@pytest.fixture(scope="module")
def golden_bundle(tmp_path_factory):
    """The tiny bundle with golden outputs of this machine."""
    folder = write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "golden")
    rng = np.random.default_rng(5)
    rgb = rng.integers(0, 256, (96, 128, 3), np.uint8)
    labels = np.repeat(np.arange(8, dtype=np.uint8) % 10, 12)[:, None] + np.zeros((1, 128), np.uint8)
    with Synthesizer.load(folder, device="cpu", precision="fp32", threads=1, warmup=False) as synth:
        auto = synth(rgb)
        given = synth(rgb, labels=labels, thermal_labels=auto.thermal_labels)
    np.savez(
        folder / "golden.npz",
        rgb=rgb,
        labels=labels,
        thermal_labels=auto.thermal_labels,
        kelvin=given.kelvin,
        auto_labels=auto.labels,
        auto_kelvin=auto.kelvin,
    )
    write_manifest(folder, replace(Bundle.open(folder).manifest, golden="golden.npz"))
    return folder


@pytest.fixture
def doctor(capsys, monkeypatch):
    """Call with a bundle: exit code, the report, stderr. No GPU, whatever the machine has."""

    def absent():
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", absent)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])

    def call(bundle):
        code = main(["doctor", "--bundle", str(bundle), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return call


def copy_with(bundle, folder, change):
    """A copy whose manifest is written again after `change`, so that only the numbers tell."""
    shutil.copytree(bundle, folder)
    change(folder)
    write_manifest(folder, Bundle.open(bundle).manifest)
    return folder


def scale_weights(file, factor):
    def change(folder):
        model = onnx.load(folder / file)
        for weights in model.graph.initializer:
            if weights.data_type == onnx.TensorProto.FLOAT:
                values = numpy_helper.to_array(weights) * np.float32(factor)
                weights.CopyFrom(numpy_helper.from_array(values, weights.name))
        onnx.save(model, folder / file)

    return change


def test_sound_bundle_passes_where_it_can_run(doctor, golden_bundle):
    code, report, err = doctor(golden_bundle)
    assert (code, err, report["bundle"]) == (0, "", "sound")
    by_place = {(r["backend"], r["device"]): r for r in report["backends"]}
    cpu = by_place["onnxruntime", "cpu"]
    assert (cpu["status"], cpu["providers"], cpu["labels_agree"]) == ("PASS", ["CPUExecutionProvider"], 1.0)
    assert cpu["max_difference"] <= FP32_ORT.maximum
    assert by_place["onnxruntime", "cuda:0"]["status"] == "absent"
    assert "no CUDA provider" in by_place["onnxruntime", "cuda:0"]["detail"]
    assert by_place["tensorrt", "cuda:0"]["status"] == "absent"
    assert by_place["tensorrt", "cuda:0"]["detail"]


def test_facts(doctor, golden_bundle):
    facts = doctor(golden_bundle)[1]["environment"]
    assert facts["gpus"] == []
    assert "no NVIDIA driver" in facts["no_gpu"]
    assert facts["onnxruntime"] == onnxruntime.__version__
    assert facts["onnxruntime_lists"] == ["CPUExecutionProvider"]
    assert "onnxruntime" in facts["packages"]
    assert facts["conflicts"] == []


def test_plain_report(golden_bundle, capsys):
    main(["doctor", "--bundle", str(golden_bundle)])
    out = capsys.readouterr().out
    assert "PASS" in out
    assert "tensorrt rtx" in out


def test_facts_of_a_gpu(monkeypatch):
    monkeypatch.setattr(
        "thermalsdk.engines.cuda_driver._open_library", lambda: Library(FakeGpu("NVIDIA Thor", (11, 0)))
    )
    facts = environment()
    assert facts["cuda"] == "13.0"
    assert facts["no_gpu"] is None
    assert facts["gpus"] == [
        {"number": 0, "name": "NVIDIA Thor", "compute_capability": "11.0", "memory_mib": 24576}
    ]


def test_version_of_the_kernels_driver(tmp_path, monkeypatch):
    module = sys.modules[environment_module.__module__]
    file = tmp_path / "version"
    file.write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 23 2025\nGCC version: 13\n"
    )
    monkeypatch.setattr(module, "_DRIVER_FILE", file)
    assert environment()["nvidia_driver"] == "580.95.05"
    monkeypatch.setattr(module, "_DRIVER_FILE", tmp_path / "absent")
    assert environment()["nvidia_driver"] is None


def test_8_bit_integers_are_tested_where_they_are_computed_right(doctor, monkeypatch):
    for computes, status in ((True, "PASS"), (False, "absent")):
        monkeypatch.setattr(choosing, "sums_int8_exactly", computes)
        results = doctor("street")[1]["backends"]
        (result,) = [each for each in results if each["precision"] == "int8"]
        assert (result["backend"], result["device"], result["status"]) == ("onnxruntime", "cpu", status)
        assert computes == (result["labels_agree"] is not None)


def test_other_weights_fail(doctor, golden_bundle, tmp_path):
    broken = copy_with(golden_bundle, tmp_path / "b", scale_weights("layer_car.onnx", 0.5))
    unchanged = copy_with(golden_bundle, tmp_path / "u", scale_weights("layer_bus.onnx", 1.0))
    assert doctor(unchanged)[0] == 0
    shifted = copy_with(golden_bundle, tmp_path / "s", scale_weights("layer_building.onnx", 0.5))
    for bundle in (broken, shifted):
        used = bundle.name == "s"  # the golden frame shows a building and no car
        code, report, err = doctor(bundle)
        assert code == (1 if used else 0)
        cpu = report["backends"][0]
        assert cpu["status"] == ("FAIL" if used else "PASS")
    assert cpu["max_difference"] > FP32_ORT.maximum
    assert "contrast differs" in cpu["detail"]
    assert "wrong outputs from onnxruntime on cpu at fp32" in err


def test_other_classes_fail(doctor, golden_bundle, tmp_path):
    broken = copy_with(golden_bundle, tmp_path / "b", scale_weights("segmenter.onnx", -1))
    code, report, _ = doctor(broken)
    assert code == 1
    assert "of the predicted classes agree" in report["backends"][0]["detail"]


def test_a_backend_that_keeps_its_first_inputs_fails(doctor, golden_bundle, monkeypatch):
    run, first = OnnxRuntimeGraph.run, {}

    def run_on_the_first(graph, inputs, outputs):
        key = (graph, *(array.shape for array in inputs.values()))
        kept = first.setdefault(key, {name: array.copy() for name, array in inputs.items()})
        run(graph, kept, outputs)

    monkeypatch.setattr(OnnxRuntimeGraph, "run", run_on_the_first)
    code, report, _ = doctor(golden_bundle)
    assert code == 1
    assert "contrast differs" in report["backends"][0]["detail"]


@pytest.mark.parametrize("error", [MissingDependency, OutputError, EngineError, PrecisionError])
def test_a_backend_that_cannot_be_run_is_not_said_to_be_wrong(doctor, golden_bundle, monkeypatch, error):
    load = Synthesizer.load

    def load_all_but_tensorrt(*bundle, **options):
        if options["backend"] == "tensorrt":
            raise error("something is in the way")
        return load(*bundle, **options)

    monkeypatch.setattr(Synthesizer, "load", load_all_but_tensorrt)
    code, report, err = doctor(golden_bundle)
    assert code == 1
    assert report["backends"][-1]["status"] == "FAIL"
    assert "tensorrt on cuda:0 at fp32 could not be run: something is in the way" in err
    assert "wrong outputs from" not in err


def test_damaged_file_fails(doctor, golden_bundle, tmp_path):
    broken = tmp_path / "b"
    shutil.copytree(golden_bundle, broken)
    content = bytearray((broken / "encoder.onnx").read_bytes())
    content[-1] ^= 1
    (broken / "encoder.onnx").write_bytes(content)
    code, report, err = doctor(broken)
    assert code == 1
    assert report["backends"] == []
    assert "encoder.onnx is damaged" in report["bundle"]
    assert "encoder.onnx is damaged" in err


def test_bundle_without_golden_outputs(doctor, tiny_bundle):
    code, report, _ = doctor(tiny_bundle)
    assert code == 1
    assert "no golden outputs" in report["bundle"]


def test_nothing_that_runs(doctor, golden_bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, report, err = doctor(golden_bundle)
    assert code == 3
    assert {r["status"] for r in report["backends"]} == {"absent"}
    assert report["environment"]["onnxruntime_build"].startswith("cannot be imported")
    assert "nothing on this machine can run the bundle" in err


def test_both_wheels_of_onnxruntime(doctor, golden_bundle, monkeypatch):
    real = importlib.metadata.distributions
    gpu = type("Distribution", (), {"name": "onnxruntime_gpu"})()
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: [*real(), gpu])
    code, report, err = doctor(golden_bundle)
    assert code == 3
    assert len(report["environment"]["conflicts"]) == 1
    assert "overwrite each other" in err


@pytest.mark.parametrize(
    ("packages", "conflicts"),
    [
        ({"onnxruntime", "numpy"}, 0),
        ({"onnxruntime", "onnxruntime-gpu"}, 1),
        ({"tensorrt", "tensorrt-cu13", "tensorrt-cu13-libs", "tensorrt-cu13-bindings"}, 0),
        ({"tensorrt-cu12-libs", "tensorrt-cu13"}, 1),
        ({"tensorrt-cu13", "tensorrt-rtx-cu12"}, 0),
        ({"tensorrt-rtx-cu12", "tensorrt-rtx-cu13-libs"}, 1),
        ({"nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "nvidia-cublas-cu12"}, 1),
    ],
)
def test_conflicts(packages, conflicts):
    assert len(find_conflicts(packages)) == conflicts


def test_one_table_of_tolerances():
    assert contrast_tolerance("onnxruntime", "fp32") == FP32_ORT
    assert contrast_tolerance("tensorrt", "fp32") == FP32_TENSORRT
    assert contrast_tolerance("tensorrt", "fp16") == contrast_tolerance("onnxruntime", "fp16") == FP16
