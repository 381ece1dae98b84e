"""The cache: what makes an engine another engine, and that only whole engines are ever found in it."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from thermalsdk.engines import EngineCache, EngineRequest, default_folder, plan_engines
from thermalsdk.engines import build as building
from thermalsdk.engines import cache as caching
from thermalsdk.engines.profiles import Profile, profile_for
from thermalsdk.engines.request import BuildOptions
from thermalsdk.errors import EngineError, MissingDependency, OutputError

SHAPE = {"x": (1, 3, 64, 64)}
REQUEST = EngineRequest(
    graph="layer_car.onnx",
    onnx_sha256="a" * 64,
    flavour="tensorrt",
    version="11.4.0.106",
    target="8.9",
    precision="fp16",
    profiles=(Profile(SHAPE, SHAPE, SHAPE),),
)
FACTS = {"tensors": [], "layers": {}, "profiles": [], "diagnostics": None}
FACTS["half_share"] = {"declared": 1.0, "verified": None, "unverified": "no GPU"}


@pytest.fixture
def builds(monkeypatch):
    """Engines are made at once, of the request's key; the list holds what was built."""
    made = []

    def build_engine(request, model, engine, timing_cache, progress, gpu):
        made.append(request)
        engine.write_bytes(request.key.encode() * 100)
        return FACTS

    monkeypatch.setattr(caching, "build_engine", build_engine)
    return made


@pytest.fixture
def engines(tmp_path):
    return EngineCache(tmp_path / "engines")


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize(
    "change",
    [
        {"onnx_sha256": "b" * 64},
        {"flavour": "tensorrt_rtx"},
        {"version": "11.4.1"},
        {"target": "9.0"},
        {"precision": "fp32"},
        {"profiles": (Profile(SHAPE, SHAPE, {"x": (1, 3, 128, 128)}),)},
        {"options": BuildOptions(workspace_mib=512)},
        {"options": BuildOptions(tf32=True)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_that_changes_an_engine_changes_its_key(change):
    assert replace(REQUEST, **change).key != REQUEST.key
    assert len(REQUEST.key) == 64


def test_the_name_of_the_file_does_not_change_the_key():
    assert replace(REQUEST, graph="layer_bus.onnx").key == REQUEST.key


def test_requests_survive_json():
    assert EngineRequest.from_dict(json.loads(json.dumps(REQUEST.to_dict()))) == REQUEST


def test_classes_of_one_architecture_never_share_an_engine(street, rtx):
    planned = plan_engines(street, rtx, "portable", "fp32")
    layers = [engine for engine in planned if engine.request.graph.startswith("layer_")]
    assert len({len(engine.model) for engine in layers}) == 1
    assert len({engine.request.key for engine in planned}) == len(planned) == 13


def test_what_was_built_is_found(engines, builds):
    assert engines.find(REQUEST) is None
    entry = engines.get(REQUEST, b"model")
    assert entry.read() == REQUEST.key.encode() * 100
    assert engines.get(REQUEST, b"model") == engines.find(REQUEST) == entry
    assert EngineCache(engines.folder).entries() == [entry]
    assert builds == [REQUEST]


def test_cleared(engines, builds):
    assert engines.clear() == 0
    entry = engines.get(REQUEST, b"model")
    theirs = [engines.folder / name for name in ("thesis.docx", ".bashrc", "model.engine")]
    for path in theirs:
        path.write_text("not ours")
    assert engines.clear() > entry.size
    assert all(path.read_text() == "not ours" for path in theirs)
    assert engines.entries() == []
    assert engines.find(REQUEST) is None


def damage_engine(engine, sidecar):
    engine.write_bytes(engine.read_bytes()[:-1])


def change_a_byte(engine, sidecar):
    content = bytearray(engine.read_bytes())
    content[5000] ^= 1
    engine.write_bytes(content)


def cut_sidecar(engine, sidecar):
    sidecar.write_bytes(sidecar.read_bytes()[:100])


def forget_sidecar(engine, sidecar):
    sidecar.unlink()


def forget_engine(engine, sidecar):
    engine.unlink()


def age_sidecar(engine, sidecar):
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "schema_version": 0}))


@pytest.mark.parametrize(
    "harm", [damage_engine, change_a_byte, cut_sidecar, forget_sidecar, forget_engine, age_sidecar]
)
def test_a_damaged_entry_is_never_loaded_and_built_again_with_one_line(engines, builds, caplog, harm):
    entry = engines.get(REQUEST, b"model")
    harm(entry.path, entry.path.with_suffix(".json"))
    assert engines.find(REQUEST) is None
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="thermalsdk"):
        assert engines.get(REQUEST, b"model").read() is not None
    assert [r.message for r in caplog.records] == [
        "layer_car.onnx: its cached engine is damaged; building it again"
    ]
    assert len(builds) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "11.4.1"}, "of tensorrt 11.4.0.106, not 11.4.1"),
        ({"target": "9.0"}, "for 8.9, not 9.0"),
    ],
)
def test_a_stale_entry_is_built_again_with_one_line(engines, builds, caplog, change, reason):
    engines.get(REQUEST, b"model")
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="thermalsdk"):
        engines.get(replace(REQUEST, **change), b"model")
    assert [r.message for r in caplog.records] == [
        f"layer_car.onnx: its cached engine is {reason}; building it again"
    ]
    assert len(engines.entries()) == 2


def test_builders_of_one_key_wait_for_one(engines, monkeypatch, caplog):
    started, go_on, made = threading.Event(), threading.Event(), []

    def build_engine(request, model, engine, timing_cache, progress, gpu):
        made.append(request)
        started.set()
        go_on.wait(10)
        engine.write_bytes(b"engine")
        return FACTS

    monkeypatch.setattr(caching, "build_engine", build_engine)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(EngineCache(engines.folder).get(REQUEST, b"model")))
        for _ in range(3)
    ]
    with caplog.at_level(logging.INFO, logger="thermalsdk"):
        for thread in threads:
            thread.start()
        assert started.wait(10)
        while sum("waiting for another process" in r.message for r in caplog.records) < 2:
            time.sleep(0.01)
        go_on.set()
        for thread in threads:
            thread.join(10)
    assert len(made) == 1
    assert len(found) == 3


def test_a_failed_build_leaves_nothing(engines, monkeypatch):
    def build_engine(request, model, engine, timing_cache, progress, gpu):
        raise EngineError("no", "try another")

    monkeypatch.setattr(caching, "build_engine", build_engine)
    with pytest.raises(EngineError):
        engines.get(REQUEST, b"model")
    assert visible(engines.folder) == []


@pytest.mark.parametrize(
    ("shown", "gpu", "entry"),
    [
        (None, 0, "0"),
        (None, 2, "2"),
        ("3,1", 1, "1"),
        ("GPU-8932f937,GPU-5b5ab2d4", 0, "GPU-8932f937"),
        ("", 0, ""),
    ],
)
def test_the_builder_sees_only_the_gpu_that_it_builds_on(tmp_path, monkeypatch, shown, gpu, entry):
    """`gpu` counts what this process sees, which CUDA_VISIBLE_DEVICES may have chosen."""
    (tmp_path / "telling_worker.py").write_text(
        "import json, os; print(json.dumps({'facts': {'shown': os.environ['CUDA_VISIBLE_DEVICES']}}))"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(building, "_WORKER", "telling_worker")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    facts = building.build_engine(REQUEST, b"model", tmp_path / "engine", tmp_path / "timing", gpu=gpu)
    assert facts == {"shown": entry}


def test_remains_of_a_killed_build_are_swept_by_the_next(engines, builds):
    engines.folder.mkdir()
    remains = engines.folder / f".{REQUEST.key}.engine.4711"
    remains.write_bytes(b"half an eng")
    assert engines.find(REQUEST) is None
    engines.get(REQUEST, b"model")
    assert visible(engines.folder) == sorted([f"{REQUEST.key}.engine", f"{REQUEST.key}.json"])


BUILD = """
import sys
from pathlib import Path
from thermalsdk.bundle import Bundle
from thermalsdk.engines import EngineCache, load_flavour, plan_engines
engine = plan_engines(Bundle.open("street"), load_flavour("rtx"), "portable")[1]
{before}
EngineCache(Path(sys.argv[1])).get(engine.request, engine.model, lambda share: print(share, flush=True))
"""


def start(folder, before=""):
    return subprocess.Popen(
        [sys.executable, "-c", BUILD.format(before=before), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigkill_in_the_middle_of_a_real_build(street, rtx, tmp_path):
    """Neither the killed process nor its builder leaves an engine; the lock is free; the next one builds."""
    with start(tmp_path) as process:
        assert float(process.stdout.readline()) < 1
        process.kill()
    assert process.returncode == -signal.SIGKILL
    engine = plan_engines(street, rtx, "portable")[1]
    cache = EngineCache(tmp_path)
    assert cache.find(engine.request) is None
    assert cache.entries() == []
    entry = cache.get(engine.request, engine.model)
    assert cache.find(engine.request) == entry
    names = visible(tmp_path)
    assert [name for name in names if not name.startswith(".")] == sorted(
        [entry.path.name, entry.path.with_suffix(".json").name]
    )


def test_full_disk(street, rtx, tmp_path):
    """Every file of the builder is limited to a mebibyte; its engine has eleven."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))"
    with start(tmp_path, limit) as process:
        _, err = process.communicate()
    assert process.returncode == 1
    assert "OutputError: cannot write an engine" in err
    assert "Free some disk space" in err
    assert visible(tmp_path) == []


def test_full_disk_at_the_sidecar(engines, builds, monkeypatch):
    def replace_whole(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching, "replace_whole", replace_whole)
    with pytest.raises(OutputError, match="No space left") as caught:
        engines.get(REQUEST, b"model")
    assert "THERMALSDK_CACHE" in caught.value.hint
    assert engines.find(REQUEST) is None


@pytest.fixture
def open_folder():
    """A folder that every user may read; pytest closes its own to all but their owner."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user who may not write")
def test_read_only_cache_gives_what_it_has_and_refuses_to_build(open_folder, builds):
    engines = EngineCache(open_folder / "engines")
    engines.get(REQUEST, b"model")
    engines.folder.chmod(0o755)
    os.seteuid(65534)
    try:
        assert engines.get(REQUEST, b"model").read() is not None
        with pytest.raises(OutputError, match="cannot be written") as caught:
            engines.get(replace(REQUEST, target="9.0"), b"model")
    finally:
        os.seteuid(0)
    assert "THERMALSDK_CACHE" in caught.value.hint
    assert len(builds) == 1


def test_a_folder_that_cannot_be_made(tmp_path, builds):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        EngineCache(tmp_path / "file" / "engines").get(REQUEST, b"model")
    assert "THERMALSDK_CACHE" in caught.value.hint


def test_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("THERMALSDK_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("THERMALSDK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "thermalsdk" / "engines"


@pytest.mark.parametrize("package", ["filelock", "platformdirs"])
def test_missing_packages(package, monkeypatch, tmp_path):
    monkeypatch.delenv("THERMALSDK_CACHE", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=package) as caught:
        EngineCache(None if package == "platformdirs" else tmp_path).get(REQUEST, b"model")
    assert f"pip install {package}" in caught.value.hint


def test_a_region_runs_in_the_smallest_profile_that_holds_it(street, plan):
    spec = street.manifest.graphs.layers["car"]
    profiles = plan(spec, b"").request.profiles

    def number(height, width):
        return profile_for(profiles, {t.name: t.shape_for(height, width) for t in spec.inputs})

    assert [number(*size) for size in ((64, 64), (64, 72), (512, 64), (520, 64), (1088, 1920))] == [
        0,
        1,
        5,
        6,
        6,
    ]
    assert number(1088, 1928) is None
    assert number(32, 64) is None
