"""Region by region or all at once: measured on a GPU of lists, whose clock can favour either."""

import gc
import logging
import shutil
import sys

import numpy as np
import pytest

from tests.engines import fake_gpu
from tests.engines.fused_graph import with_fused
from tests.engines.synthesis import frame, load
from tests.sdk.known_side import copy_that_knows
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Temperatures
from thermalsdk.bundle import write_manifest
from thermalsdk.bundle.manifest import read_manifest
from thermalsdk.engines import EngineCache
from thermalsdk.engines import cache as caching
from thermalsdk.errors import EngineError
from thermalsdk.generators import choose
from thermalsdk.tolerances import contrast_tolerance

CLASSES = 10
GIVEN = Temperatures(ambient=290.0, classes={"car": 310.0})


@pytest.fixture
def clocked(machine, small_street, monkeypatch):
    """A machine whose GPU's clock is the one that is looked at."""

    def install(*flavour, run, value):
        gpu = machine(*flavour)
        gpu.seconds_per_run, gpu.seconds_per_value = run, value
        monkeypatch.setattr(choose, "perf_counter", lambda: gpu.now)
        return gpu

    return install


@pytest.fixture
def dear_launches(clocked):
    return clocked(run=1e-3, value=0.0)


def assert_right(synth, reference):
    for number, size in enumerate([(96, 128), (200, 330), (64, 64), (96, 128), (96, 128)]):
        rgb, labels = frame(size, number)
        got = synth(rgb, labels=labels, temperatures=GIVEN)
        expected = reference(rgb, labels=labels, temperatures=GIVEN)
        np.testing.assert_allclose(got.kelvin, expected.kelvin, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("name", "version"), [("tensorrt", "11.4.0.106"), ("tensorrt_rtx", "1.7.1.116")])
def test_all_at_once_where_launches_are_dear(clocked, fused, caplog, name, version):
    gpu = clocked(name, version, run=1e-3, value=0.0)
    with (
        caplog.at_level(logging.INFO, logger="thermalsdk"),
        load(fused) as synth,
        load(fused, "onnxruntime", device="cpu") as reference,
    ):
        gc.collect()
        assert synth.info.layers.startswith("at once: 1.00 ms at once and ")
        assert sum(r.message == f"layers run {synth.info.layers}" for r in caplog.records) == 1
        assert gpu.live["engine"] == 3  # fused, segmenter, labeller
        assert gpu.live["context"] == 1
        launched = gpu.log.count("launch")
        assert launched > 2  # both ways were measured as CUDA graphs
        assert_right(synth, reference)
        assert gpu.log.count("launch") > launched
        timing = synth(frame((64, 64))[0]).timing
        assert timing.classes == {}
        assert timing.layers > 0


def test_large_frames_all_at_once(dear_launches, fused, tmp_path):
    bundle = copy_that_knows(fused, 64, tmp_path / "fused")
    with load(bundle) as synth, load(bundle, "onnxruntime", device="cpu") as reference:
        assert synth.info.layers.startswith("at once: ")
        assert_right(synth, reference)


def test_region_by_region_where_pixels_are_dear(clocked, fused, caplog):
    gpu = clocked(run=0.0, value=1e-6)
    with (
        caplog.at_level(logging.INFO, logger="thermalsdk"),
        load(fused) as synth,
        load(fused, "onnxruntime", device="cpu") as reference,
    ):
        gc.collect()
        assert synth.info.layers.startswith("region by region: ")
        assert sum(r.message == f"layers run {synth.info.layers}" for r in caplog.records) == 1
        assert gpu.live["engine"] == CLASSES + 3
        assert max(memory.bytes.size for memory in gpu.memory.values()) < 4 * CLASSES * 1088 * 1920
        assert_right(synth, reference)
        assert reference.info.layers == "region by region"


def test_a_bundle_without_the_graph_says_so(machine, tiny):
    gpu = machine()
    with load(tiny) as synth:
        assert synth.info.layers == "region by region; the bundle has no fused graph"
    assert gpu.log.count("launch") == 0  # nothing was measured


def only_warning(caplog):
    (line,) = [r.message for r in caplog.records if r.levelno == logging.WARNING and "without" in r.message]
    return line


def test_a_graph_that_cannot_be_built_is_left_out_with_one_line(dear_launches, fused, monkeypatch, caplog):
    def build_engine(request, *rest):
        if request.graph == "fused.onnx":
            raise EngineError("out of workspace", "Free some.")
        return fake_gpu.write_plan(request, *rest)

    monkeypatch.setattr(caching, "build_engine", build_engine)
    with load(fused) as synth, load(fused, "onnxruntime", device="cpu") as reference:
        assert only_warning(caplog) == "layers run region by region, without fused.onnx: out of workspace"
        assert synth.info.layers == "region by region; fused.onnx cannot be used: out of workspace"
        assert_right(synth, reference)


def test_a_graph_that_does_not_fit_the_memory_is_left_out(dear_launches, fused, monkeypatch, caplog):
    stand_in = sys.modules["pycuda.driver"]
    allocate = stand_in.mem_alloc

    def mem_alloc(size):
        if size >= 4 * CLASSES * 1088 * 1920:
            raise MemoryError("cuMemAlloc failed: out of memory")
        return allocate(size)

    monkeypatch.setattr(stand_in, "mem_alloc", mem_alloc)
    with load(fused) as synth, load(fused, "onnxruntime", device="cpu") as reference:
        gc.collect()
        assert "TensorRT stopped in fused.onnx: cuMemAlloc failed" in only_warning(caplog)
        assert dear_launches.live["engine"] == CLASSES + 3
        assert_right(synth, reference)


def test_a_graph_that_makes_something_else_is_left_out(dear_launches, tmp_path, caplog):
    """The fused graph of other weights, with the right hash in the manifest."""
    ours, other = (
        with_fused(write_tiny_bundle(tmp_path / name, ("background", "car"), seed=seed))
        for seed, name in enumerate(("ours", "other"))
    )
    (ours / "fused.onnx").write_bytes((other / "fused.onnx").read_bytes())
    write_manifest(ours, read_manifest(ours))
    with load(ours) as synth:
        assert "it differs from the layers by" in only_warning(caplog)
        assert synth.info.layers.startswith("region by region; fused.onnx cannot be used: it differs")


def test_half_precision_has_a_fused_graph_of_its_own(dear_launches, tmp_path):
    twins = with_fused(write_tiny_bundle(tmp_path / "twins", ("background", "car"), precision="fp16"))
    with load(twins) as synth:
        assert synth.info.precision == "fp16"
        assert synth.info.layers.startswith("at once")
    assert "fused.fp16.onnx" in {entry.request.graph for entry in EngineCache().entries()}


def test_integers_leave_the_fused_graph_in_half_and_its_tolerance(dear_launches, tmp_path, monkeypatch):
    """Of the segmenter's precision the layers know nothing."""
    folder = write_tiny_bundle(tmp_path / "twins", ("background", "car"), precision="fp16")
    shutil.copyfile(folder / "segmenter.onnx", folder / "segmenter.int8-symmetric.onnx")
    write_manifest(folder, read_manifest(folder))
    with_fused(folder)
    asked = []
    monkeypatch.setattr(
        choose,
        "contrast_tolerance",
        lambda *question: asked.append(question) or contrast_tolerance(*question),
    )
    with load(folder, precision="int8") as synth:
        assert synth.info.precision == "int8"
        assert synth.info.layers.startswith("at once")
    assert asked == [("tensorrt", "fp16")]
    made = {entry.request.graph for entry in EngineCache().entries()}
    assert made >= {"fused.fp16.onnx", "segmenter.int8-symmetric.onnx"}
