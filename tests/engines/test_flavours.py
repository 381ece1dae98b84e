"""One code path for three flavours: each version's surface, over a builder that really builds."""

import importlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk.bundle import Bundle
from thermalsdk.engines import EngineCache, flavours, load_flavour, plan_engines
from thermalsdk.engines.build import build_engine
from thermalsdk.engines.cuda_driver import Gpu
from thermalsdk.engines.plan import build_target
from thermalsdk.errors import BackendUnavailable, EngineError, OptionError

SURFACES = Path(__file__).parent / "surfaces"
ADA = Gpu(0, "NVIDIA RTX 4000 Ada", "8.9", 20000)
HOPPER = Gpu(0, "NVIDIA H100", "9.0", 80000)


@pytest.fixture
def tensorrt(monkeypatch):
    """Call with the name of a surface: it is the installed TensorRT, here and in the builder's process."""

    def install(name):
        pytest.importorskip(
            "tensorrt_rtx", reason="tensorrt-rtx has wheels for x86-64 Linux and Windows only"
        )
        monkeypatch.syspath_prepend(str(SURFACES / name))
        sys.modules.pop(
            "tensorrt", None
        )  # not by monkeypatch, which would put a former surface back at the end
        importlib.invalidate_caches()
        return load_flavour("trt")

    yield install
    sys.modules.pop("tensorrt", None)


@pytest.fixture
def tiny(tmp_path):
    return Bundle.open(write_tiny_bundle(tmp_path / "tiny", classes=("background", "car")))


def test_version_10(tensorrt, tiny, tmp_path):
    flavour = tensorrt("trt10")
    assert (flavour.name, flavour.version, flavour.tunes) == ("tensorrt", "10.13.3.9", True)
    cache = EngineCache(tmp_path / "cache")
    planned = plan_engines(tiny, flavour, flavour.target(ADA))[1]
    entry = cache.get(planned.request, planned.model)
    assert (entry.request.version, entry.request.target) == ("10.13.3.9", "8.9 NVIDIA RTX 4000 Ada")
    assert len(entry.facts["profiles"]) == 7
    assert entry.facts["diagnostics"] is None
    assert entry.facts["half_share"]["verified"] is None


def test_version_11_and_its_timing_cache(tensorrt, tiny, tmp_path):
    """Layers of one architecture share the times of their kernels."""
    flavour = tensorrt("trt11")
    cache = EngineCache(tmp_path / "cache")
    planned = plan_engines(tiny, flavour, flavour.target(ADA))
    for engine in planned[1:3]:
        cache.get(engine.request, engine.model)
    timing = tmp_path / "cache" / "timing-tensorrt-11.4.0.106-8.9 NVIDIA RTX 4000 Ada.cache"
    assert timing.read_bytes() == b"2"
    assert planned[1].request.key != planned[2].request.key


def test_cards_of_one_architecture_share_neither_engine_nor_times(tensorrt, tiny, tmp_path):
    flavour = tensorrt("trt11")
    cache = EngineCache(tmp_path / "cache")
    for gpu in (ADA, replace(ADA, name="NVIDIA L4")):
        planned = plan_engines(tiny, flavour, flavour.target(gpu))[1]
        cache.get(planned.request, planned.model)
    assert len(cache.entries()) == 2
    assert [path.read_bytes() for path in cache.folder.glob("timing-*")] == [b"1", b"1"]


def test_times_of_another_device_are_replaced(tensorrt, tiny, tmp_path):
    flavour = tensorrt("trt11")
    from tests.engines.surfaces.trt_common import FOREIGN_TIMES  # there is a TensorRT for RTX below it

    planned = plan_engines(tiny, flavour, flavour.target(ADA))[1]
    timing = tmp_path / "timing"
    timing.write_bytes(FOREIGN_TIMES)
    build_engine(planned.request, planned.model, tmp_path / "engine", timing)
    assert timing.read_bytes() == b"1"


def test_a_new_version_builds_again_with_one_line(tensorrt, tiny, tmp_path, caplog):
    cache = EngineCache(tmp_path / "cache")
    for name in ("trt10", "trt11"):
        flavour = tensorrt(name)
        planned = plan_engines(tiny, flavour, "8.9")[3]
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="thermalsdk"):
            cache.get(planned.request, planned.model)
    assert [record.message for record in caplog.records if record.name == "thermalsdk"] == [
        "segmenter.onnx: its cached engine is of tensorrt 10.13.3.9, not 11.4.0.106; building it again"
    ]


def test_a_crash_of_the_builder_is_an_error(tensorrt, tiny, tmp_path):
    flavour = tensorrt("crashing")
    cache = EngineCache(tmp_path / "cache")
    planned = plan_engines(tiny, flavour, "8.9")[0]
    with pytest.raises(EngineError, match=r"killed by SIGSEGV.*assertion failed: tactic != 0"):
        cache.get(planned.request, planned.model)
    assert cache.entries() == []
    assert [path.name for path in cache.folder.iterdir()] == [f"{planned.request.key}.lock"]


def test_portable_and_unknown_gpus(rtx):
    assert rtx.target(None) == "portable"
    assert rtx.target(ADA) == "8.9"
    with pytest.raises(BackendUnavailable, match="does not know NVIDIA H100") as caught:
        rtx.target(HOPPER)
    assert "thermalsdk[tensorrt]" in caught.value.hint


def test_engine_for_one_gpu(rtx, plan, street, cache):
    encoder = street.manifest.graphs.encoder
    planned = plan(encoder, street.model(encoder), regions=False, target="12.0")
    assert cache.get(planned.request, planned.model).facts["diagnostics"] == 0


def test_tensorrt_builds_on_its_target_only(tensorrt):
    flavour = tensorrt("trt11")
    with pytest.raises(BackendUnavailable, match="on the GPU that they run on") as caught:
        flavour.target(None)
    assert "--engines-only" in caught.value.hint
    assert flavour.target(HOPPER) == "9.0 NVIDIA H100"
    assert flavour.target(replace(HOPPER, name="NVIDIA H100/96 (PCIe)")) == "9.0 NVIDIA H100_96 _PCIe_"


def test_target_of_a_machine_without_a_gpu(rtx, monkeypatch):
    monkeypatch.setattr("thermalsdk.engines.cuda_driver._open_library", no_library)
    assert build_target(rtx) == "portable"


def no_library():
    raise OSError("libcuda.so.1: cannot open shared object file")


def test_choice_of_a_flavour(monkeypatch):
    with pytest.raises(OptionError, match="no TensorRT flavour"):
        load_flavour("tensorrt11")
    monkeypatch.setattr(flavours, "installed_flavours", tuple)
    with pytest.raises(BackendUnavailable, match="neither") as caught:
        load_flavour()
    assert "thermalsdk[rtx]" in caught.value.hint


def test_a_folder_that_is_called_as_the_package(monkeypatch):
    """It becomes a module without anything in it."""
    monkeypatch.setitem(sys.modules, "tensorrt", ModuleType("tensorrt"))
    with pytest.raises(BackendUnavailable, match=r"tensorrt cannot be imported.*__version__"):
        load_flavour("trt")


def test_a_folder_in_the_working_directory_is_no_flavour(monkeypatch, tmp_path):
    (tmp_path / "a_flavour").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(flavours, "FLAVOURS", {"trt": "a_flavour"})
    assert flavours.installed_flavours() == ()
    (tmp_path / "a_flavour" / "__init__.py").touch()
    importlib.invalidate_caches()
    assert flavours.installed_flavours() == ("a_flavour",)


def test_an_absent_and_an_old_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(BackendUnavailable, match="tensorrt cannot be imported"):
        load_flavour("trt")
    old = ModuleType("tensorrt")
    old.__version__ = "8.6.1"
    monkeypatch.setitem(sys.modules, "tensorrt", old)
    with pytest.raises(BackendUnavailable, match=r"8\.6\.1 is too old"):
        load_flavour("trt")
