"""A run that is killed and resumed ends where an undisturbed one ends."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import train.loop
from train.checkpoint import (
    KEPT,
    WEIGHTS,
    CheckpointError,
    TrainState,
    checkpoint_files,
    load_module,
    read_step,
    steps_done,
    write_json,
)
from train.loop import Average, Log, cosine_rate, run_steps
from train.record import write_record
from train.scenes_dataset import prepare_scenes

ROOT = Path(__file__).parents[2]


class Killed(Exception):
    """Stands for a kill at an arbitrary moment."""


def trainer(directory: Path, total: int, kill_at: int | None = None) -> torch.nn.Module:
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 1)
    ema = Average(network, 10)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
    state = TrainState({"net": network, "net_ema": ema.average}, {"net": optimizer})

    def step(index: int) -> dict[str, float]:
        if index == kill_at:
            state.save(directory)
            raise Killed
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(index))
        loss = (network(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(index)
        return {"loss": loss.item()}

    run_steps(directory, state, total, step, images=8)
    return load_module(directory, "net_ema", torch.nn.Linear(3, 1))


def test_resumed_run_equals_undisturbed_run(tmp_path: Path) -> None:
    undisturbed = trainer(tmp_path / "a", 30)
    with pytest.raises(Killed):
        trainer(tmp_path / "b", 30, kill_at=17)
    resumed = trainer(tmp_path / "b", 30)
    for x, y in zip(undisturbed.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(x, y)
    assert not list((tmp_path / "b").glob("*.partial"))


def test_finished_run_does_nothing_more(tmp_path: Path) -> None:
    trainer(tmp_path, 5)
    before = (tmp_path / WEIGHTS).read_bytes()
    trainer(tmp_path, 5, kill_at=0)
    assert (tmp_path / WEIGHTS).read_bytes() == before


def test_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    state = TrainState({"net": torch.nn.Linear(1, 1)})
    for state.step in range(1, 6):
        state.save(tmp_path)
    assert [read_step(path) for path in checkpoint_files(tmp_path)] == [5, 4, 3]
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = TrainState({"net": torch.nn.Linear(1, 1)})
    for state.step in (1, 2):
        state.save(tmp_path)
    newest = tmp_path / WEIGHTS
    newest.write_bytes(newest.read_bytes()[:-2])
    assert state.restore(tmp_path)
    assert state.step == 1
    assert "damaged" in caplog.text
    former = load_file(checkpoint_files(tmp_path)[1])["module.net.weight"]
    assert torch.equal(load_module(tmp_path, "net", torch.nn.Linear(1, 1)).weight, former)
    assert steps_done(tmp_path) == 1
    for path in checkpoint_files(tmp_path):
        path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="no checkpoint that is whole"):
        state.restore(tmp_path)


def test_a_run_of_other_networks_or_settings_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path, {"rate": 0.1, "steps": 3, "scales": (1.0, 2.0)})
    TrainState({"net": torch.nn.Linear(1, 1)}).save(tmp_path)
    with pytest.raises(CheckpointError, match="other networks"):
        TrainState({"net": torch.nn.Linear(2, 1)}).restore(tmp_path)
    write_record(tmp_path, {"rate": 0.1, "steps": 9, "scales": (1.0, 2.0)})
    with pytest.raises(CheckpointError, match=r"rate was 0\.1, now 0\.2"):
        write_record(tmp_path, {"rate": 0.2, "steps": 9, "scales": (1.0, 2.0)})
    assert json.loads((tmp_path / "config.json").read_text())["rate"] == 0.1


def test_processes_that_find_different_checkpoints_do_not_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer(tmp_path, 3)
    monkeypatch.setattr("train.checkpoint.gathered", lambda own: torch.cat([own, torch.tensor([0])]))
    with pytest.raises(CheckpointError, match="has 0 and 3 steps done") as raised:
        trainer(tmp_path, 5)
    assert "--out" in raised.value.hint


#: A checkpoint after every step.
TRAINING = """
import sys
from pathlib import Path
import torch
import train.loop
from train.comparison.training import Budget, train_method
from train.mixture import Mixture
from train.thermal_batch import LabelledMixture

torch.set_num_threads(1)
train.loop.CHECKPOINT_SECONDS = 0.0
frames = LabelledMixture(Mixture(Path(sys.argv[1]), {"scenes": 1.0}, "shares"), {})
train_method("edge", frames, Path(sys.argv[2]), Budget(images=12, size=64, batch=2, quiet_share=0.5))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_scenes(tmp_path / "scenes", train=2, val=1, size=(64, 96))
    script = tmp_path / "training.py"
    script.write_text(TRAINING)
    command = [sys.executable, script, tmp_path, tmp_path / "killed"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    newest = tmp_path / "killed" / WEIGHTS
    while not newest.exists() or read_step(newest) < 2:
        assert killed.poll() is None
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert read_step(checkpoint_files(tmp_path / "killed")[0 if newest.exists() else 1]) < 6
    monkeypatch.setattr(train.loop, "CHECKPOINT_SECONDS", train.loop.CHECKPOINT_SECONDS)  # undone at the end
    for run in ("killed", "undisturbed"):  # here, as a process takes ten seconds to begin
        monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path), str(tmp_path / run)])
        runpy.run_path(str(script))
    resumed, undisturbed = (load_file(tmp_path / run / WEIGHTS) for run in ("killed", "undisturbed"))
    assert resumed.keys() == undisturbed.keys()
    for name, tensor in resumed.items():
        assert torch.equal(tensor, undisturbed[name]), name


def test_statistics_are_logged(tmp_path: Path) -> None:
    trainer(tmp_path, 3)
    (line,) = (tmp_path / "stats.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["step"] == 3
    assert record["loss"] > 0
    assert record["images_per_second"] > 0


def test_statistics_of_steps_that_a_kill_took_back_are_dropped(tmp_path: Path) -> None:
    lines = [json.dumps({"step": step, "loss": 1.0}) for step in (50, 100, 150)]
    (tmp_path / "stats.jsonl").write_text("\n".join([*lines, '{"step": 2']))
    Log(tmp_path, images=8, step=100).write(120, {"loss": 0.5})
    steps = [json.loads(line)["step"] for line in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert steps == [50, 100, 120]


def test_rate_warms_up_and_decays() -> None:
    rates = [cosine_rate(step, 1000, warmup=100) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.02
    assert all(a >= b for a, b in pairwise(rates[100:]))


def test_json_is_complete_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    def state() -> TrainState:
        return TrainState({"net": torch.nn.Linear(1, 1)})

    run_steps(tmp_path, state(), 2, lambda index: {"loss": float(index)}, 1)
    before = {path: path.stat().st_mtime_ns for path in checkpoint_files(tmp_path) if path.exists()}
    run_steps(tmp_path, state(), 2, lambda index: {"loss": float(index)}, 1)
    assert {path: path.stat().st_mtime_ns for path in checkpoint_files(tmp_path) if path.exists()} == before
