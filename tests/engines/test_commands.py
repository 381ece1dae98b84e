"""`thermalsdk cache` and the engine options of `python -m export`."""

import json
import shutil
import sys

import pytest

from export.engines import add_engines
from tests.engines import fake_gpu
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.bundle import Bundle, write_manifest
from thermalsdk.cli.main import main
from thermalsdk.engines import cache as caching
from thermalsdk.errors import EngineError, MissingDependency, OutputError, PrecisionError

export_main = pytest.importorskip("export.command", reason="export needs PyTorch").main


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("THERMALSDK_CACHE", str(tmp_path / "engines"))
    return tmp_path / "engines"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny", classes=("background", "car"))


@pytest.fixture
def command(folder, capsys):
    """Call the command with --json: exit code, parsed stdout, stderr."""

    def call(*arguments):
        code = main([*(str(argument) for argument in arguments), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return call


@pytest.fixture
def export(folder, capsys, monkeypatch):
    """Call `python -m export`: exit code, stdout, stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["export", *(str(argument) for argument in arguments)])
        code = export_main()
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def without_gpu(monkeypatch):
    def absent():
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", absent)


@pytest.fixture
def without_tensorrt(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, name, None)


def test_cache_from_empty_to_empty(command, tiny, rtx, folder, monkeypatch):
    """Real engines of the tiny encoder and layers, once."""
    assert command("cache", "list") == (0, {"folder": str(folder), "engines": [], "mib": 0}, "")
    code, built, _ = command("cache", "build", "--bundle", tiny, "--flavour", "rtx")
    assert code == 0
    assert [row["graph"] for row in built["engines"]] == [
        "encoder.onnx",
        "layer_background.onnx",
        "layer_car.onnx",
        "segmenter.onnx",
        "labeller.onnx",
    ]
    assert {row["half_verified"] for row in built["engines"]} == {None}
    monkeypatch.setattr(caching, "build_engine", None)  # nothing is built again
    assert command("cache", "build", "--bundle", tiny, "--flavour", "rtx")[1] == built
    listed = command("cache", "list")[1]
    assert sorted(row["key"] for row in listed["engines"]) == sorted(row["key"] for row in built["engines"])
    code, cleared, _ = command("cache", "clear")
    assert (code, cleared["folder"]) == (0, str(folder))
    assert cleared["freed_mib"] > 0
    assert command("cache", "list")[1]["engines"] == []


def test_plain_list(folder, tiny, rtx, capsys, monkeypatch):
    monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
    assert main(["cache", "build", "--bundle", str(tiny), "--flavour", "rtx"]) == 0
    assert main(["cache", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("graph ")
    assert any(line.startswith("layer_car.onnx") for line in lines)
    assert lines[-2].split() == ["engines", "5"]


def test_the_fused_graph_is_built_last(command, fused, rtx, monkeypatch):
    monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
    _, built, _ = command("cache", "build", "--bundle", fused, "--flavour", "rtx")
    assert (built["engines"][-1]["graph"], built["engines"][-1]["profiles"]) == ("fused.onnx", 1)


def test_engines_at_int8(command, folder, rtx, tmp_path, monkeypatch):
    """The listing says of each engine which precision it has."""
    monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
    bundle = write_tiny_bundle(tmp_path / "twins", classes=("background",))
    build = ("cache", "build", "--bundle", bundle, "--flavour", "rtx", "--precision", "int8")
    code, _, err = command(*build)
    assert code == 3
    assert "python -m export --int8" in err
    shutil.copyfile(bundle / "segmenter.onnx", bundle / "segmenter.int8-symmetric.onnx")
    write_manifest(bundle, Bundle.open(bundle).manifest)
    _, built, _ = command(*build)
    assert [(row["graph"], row["precision"]) for row in built["engines"]] == [
        ("encoder.onnx", "fp32"),
        ("layer_background.onnx", "fp32"),
        ("segmenter.int8-symmetric.onnx", "int8-symmetric"),
        ("labeller.onnx", "fp32"),
    ]
    monkeypatch.setattr(caching, "build_engine", None)  # nothing is built again
    assert command(*build)[1] == built


@pytest.mark.parametrize("flavour", ["trt", "rtx"])
def test_unavailable_flavours_end_with_3(command, export, tiny, without_tensorrt, flavour):
    code, out, err = command("cache", "build", "--bundle", tiny, "--flavour", flavour)
    assert (code, out) == (3, None)
    assert "cannot be imported" in err
    code, out, err = export("--engines-only", tiny, "--engines", flavour)
    assert (code, out) == (3, "")
    assert "cannot be imported" in err


def test_engines_alone_end_with_3_where_there_are_none(export, tiny, without_tensorrt):
    code, out, err = export("--engines-only", tiny)
    assert (code, out) == (3, "")
    assert "neither TensorRT nor" in err


def test_a_bundle_that_is_absent_is_the_first_to_be_named(export, tmp_path, without_tensorrt):
    code, _, err = export("--engines-only", tmp_path / "absent")
    assert code == 1
    assert "absent" in err


def test_engines_alone_without_engines_are_wrong_usage(export, tiny):
    with pytest.raises(SystemExit) as caught:
        export("--engines-only", tiny, "--engines", "none")
    assert caught.value.code == 2


@pytest.fixture
def bundle(tiny):
    return Bundle.open(tiny)


def test_automatic_engines_are_left_out_in_one_line(bundle, without_tensorrt, capsys):
    add_engines(bundle, "auto")
    out = capsys.readouterr().out
    assert out.startswith("engines not built: neither TensorRT nor")
    assert out.count("\n") == 1


def test_none_builds_none(bundle, folder, capsys):
    add_engines(bundle, "none")
    assert capsys.readouterr().out == ""
    assert not folder.exists()


@pytest.fixture
def gpu(monkeypatch):
    library = fake_gpu.Library(fake_gpu.FakeGpu())
    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", lambda: library)


def test_automatic_export_builds_for_what_is_installed(export, tiny, rtx, gpu, monkeypatch):
    monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
    code, out, _ = export("--engines-only", tiny)
    assert code == 0
    assert out.startswith("engines of tensorrt")
    assert " for 8.9 in " in out.splitlines()[0]
    assert "layer_car.onnx" in out


@pytest.mark.parametrize(
    "error", [EngineError, PrecisionError, MissingDependency, OutputError], ids=lambda error: error.__name__
)
def test_automatic_engines_never_fail_an_export(bundle, folder, rtx, gpu, monkeypatch, capsys, error):
    def fail(*request):
        raise error("it cannot be", "")

    monkeypatch.setattr(caching, "build_engine", fail)
    add_engines(bundle, "auto")
    assert capsys.readouterr().out.startswith("engines not built: it cannot be; build them on the target")
    with pytest.raises(error):
        add_engines(bundle, "rtx")


def test_portable_engines_are_built_only_for_who_names_the_flavour(
    bundle, folder, rtx, without_gpu, monkeypatch, capsys
):
    """The backend asks for engines of its GPU."""
    monkeypatch.setattr(caching, "build_engine", fake_gpu.write_plan)
    add_engines(bundle, "auto")
    assert capsys.readouterr().out.startswith("engines not built: there is no NVIDIA driver")
    assert not folder.exists()
    add_engines(bundle, "rtx")
    assert " for portable in " in capsys.readouterr().out


def test_too_little_half_precision_ends_with_3_and_keeps_nothing(export, tmp_path, rtx, folder):
    """Twins that are copies of the FP32 graphs: really built, or rather refused, by TensorRT for RTX."""
    twins = write_tiny_bundle(tmp_path / "twins", classes=("background",), precision="fp16")
    code, _, err = export("--engines-only", twins, "--engines", "rtx")
    assert code == 3
    assert "only 0.0% of the multiply-accumulates of encoder.fp16.onnx" in err
    assert [path.suffix for path in folder.iterdir()] == [".lock"]
