"""A run that is killed and resumed ends where an undisturbed one ends."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from train.checkpoint import WEIGHTS, TrainState, load_module, write_json
from train.loop import Average, cosine_rate, run_steps


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

    run_steps(directory, state, total, step)
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


def test_statistics_are_logged(tmp_path: Path) -> None:
    trainer(tmp_path, 3)
    (line,) = (tmp_path / "stats.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["step"] == 3
    assert record["loss"] > 0


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
