"""Twins on a local Ray cluster of two workers, one of which is killed in the middle."""

import json
import os
import shlex
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.sdk.data_sets import add, add_large_pictures, contents, descendants, thermalsdk_command, wait_for
from tests.sdk.documents import blocks
from thermalsdk.errors import BundleError, VideoError, WorkerError
from thermalsdk.twins import Converter, Places, Recipe, convert_on_ray, ray_data

pytest.importorskip("ray", reason="Ray is not installed: pip install 'thermalsdk[ray]'")

COUNT = 60


def test_errors_of_a_worker_arrive_whole(tmp_path, tiny_bundle):
    add(tmp_path / "bad.jpg", "no picture")
    places = Places(tmp_path, tmp_path / "out")
    for recipe, kind in [(Recipe(str(tiny_bundle)), VideoError), (Recipe("nowhere"), BundleError)]:
        row = ray_data._Worker(partial(Converter, places, recipe))({"picture": "bad.jpg"})
        assert all(isinstance(value, str) for value in row.values())
        with pytest.raises(kind, match=r"bad\.jpg|nowhere") as caught:
            ray_data._raise_error(row)
        assert caught.value.hint


def test_address_without_a_cluster(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    for address in (f"127.0.0.1:{free}", "nonsense"):
        with pytest.raises(WorkerError, match="no Ray cluster"):
            next(convert_on_ray(Converter, [tmp_path], address, 1))


@pytest.mark.slow
def test_killed_worker(tiny_bundle, tmp_path):
    """The example of docs/twins.md."""
    root, out = tmp_path / "frames", tmp_path / "frames_thermal"
    making = tmp_path / ".frames_thermal.partial"
    add_large_pictures(root, COUNT)
    environment = {**os.environ, "HOME": str(tmp_path)}  # Ray keeps a token there
    _, *example = shlex.split(blocks("twins.md", "More than one machine")[0][1])
    command = thermalsdk_command(tiny_bundle, *example)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path)
    try:
        wait_for(lambda: len(list(making.glob("*/[0-9]*.png"))) >= 5 or process.poll() is not None, 240)
        workers = [pid for pid in descendants(process.pid) if is_worker(pid)]
        os.kill(workers[0], signal.SIGKILL)
        before = {path.relative_to(making): path.stat().st_mtime_ns for path in making.glob("*/[0-9]*.png")}
        text, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert len(workers) == 2
    assert 5 <= len(before) < COUNT
    assert process.returncode == 0
    assert json.loads(text)["made"] == COUNT
    twins = {f"{name.removesuffix('.jpg')}.png" for name in contents(root)}
    assert set(contents(out)) == {*twins, "thermalsdk.json"}
    assert {path: (out / path).stat().st_mtime_ns for path in before} == before


def is_worker(pid):
    return Path(f"/proc/{pid}/comm").read_text().startswith("ray::MapWorker")
