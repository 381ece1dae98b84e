"""Two processes that share a batch learn what one learns from it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import distributed, multiprocessing, nn

from thermalsdk.errors import OptionError
from train.checkpoint import WEIGHTS
from train.comparison import training
from train.mixture import Mixture
from train.networks.dropout import ChannelDropout
from train.parallel import (
    average_gradients,
    common_statistics,
    draw_uniform,
    gathered,
    own_part,
    processes,
    total,
)
from train.runtime import Runtime, launch, require_divisible
from train.scenes_dataset import prepare_scenes
from train.thermal_batch import LabelledMixture

ROOT = Path(__file__).parents[2]
#: Sums in another order, in float32.
TOLERANCE = 1e-4

LOGGED_TRAINING = """
import sys
import train.loop
from train.command import main

train.loop.LOG_EVERY = 1
sys.exit(main())
"""
SETTINGS = {
    "segmenter": {"steps": 3, "batch": 4, "size": [64, 96]},
    "labeller": {"steps": 3, "batch": 4, "size": [64, 96]},
    "edge": {"steps": 4, "batch": 4, "size": [64, 96], "adversary_from": 0.5},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    prepare_scenes(root / "scenes", train=3, val=0, size=(96, 128))
    return root


def curves(data: Path, out: Path, devices: int) -> dict[str, list[dict[str, float]]]:
    """What a short training of all stages logs at each step."""
    script = out.with_suffix(".py")
    script.write_text(LOGGED_TRAINING)
    words = ["--data", data, "--out", out, "--devices", str(devices), "--precision", "32"]
    words += ["--threads", "1", "--workers", "0"]
    for stage, settings in SETTINGS.items():
        words += [w for name, v in settings.items() for w in ("--set", f"{stage}.{name}={json.dumps(v)}")]
    environment = {"PYTHONPATH": f"{ROOT / 'sdk'}:{ROOT}", "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script, *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert devices == 1 or f"MEMBER: {devices}/{devices}" in done.stderr
    lines = {stage: (out / stage / "stats.jsonl").read_text().splitlines() for stage in SETTINGS}
    return {stage: [json.loads(line) for line in text] for stage, text in lines.items()}


@pytest.mark.slow
def test_two_processes_have_the_loss_curve_of_one(data: Path, tmp_path: Path) -> None:
    one = curves(data, tmp_path / "one", 1)
    two = curves(data, tmp_path / "two", 2)
    for stage, settings in SETTINGS.items():
        assert [line["step"] for line in two[stage]] == list(range(1, settings["steps"] + 1))
        for alone, together in zip(one[stage], two[stage], strict=True):
            assert alone.keys() == together.keys()
            for name in alone.keys() - {"time", "images_per_second", "data_wait_ms"}:
                assert together[name] == pytest.approx(alone[name], rel=TOLERANCE, abs=TOLERANCE), name
    assert "critic" in one["edge"][-1]
    for stage in SETTINGS:
        require_same_gradients(*(load_file(tmp_path / run / stage / WEIGHTS) for run in ("one", "two")))


def require_same_gradients(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    """Adam's moments are sums of gradients: unlike its steps, they have their scale."""
    assert one.keys() == two.keys()
    moments = [name for name in one if name.endswith("exp_avg")]
    assert moments
    for name in moments:
        assert (two[name] - one[name]).norm() <= 1e-2 * one[name].norm() + 1e-7, name


def _in_each_process(rank: int, store: str, out: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    torch.manual_seed(0)
    layer, unused, one_sided = (torch.nn.Linear(2, 1) for _ in range(3))
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])[list(own_part(4))]
    loss = layer(x).square().mean()
    if rank == 1:
        loss = loss + one_sided(x).mean()
    loss.backward()
    average_gradients([*layer.parameters(), *unused.parameters(), *one_sided.parameters()])
    found = {
        "gradient": layer.weight.grad,
        "one_sided": one_sided.weight.grad,
        "unused": unused.weight.grad,
        "total": total(x.sum()),
        "gathered": gathered(x),
        "mask": gathered(ChannelDropout(0.5)(torch.ones(2, 6))),
    }
    torch.save(found, f"{out}{rank}")
    distributed.destroy_process_group()


def test_gradients_sums_and_masks_are_those_of_the_whole_batch(tmp_path: Path) -> None:
    multiprocessing.spawn(_in_each_process, (str(tmp_path / "store"), str(tmp_path / "out")), nprocs=2)
    torch.manual_seed(0)
    layer, *_ = (torch.nn.Linear(2, 1) for _ in range(3))
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    layer(x).square().mean().backward()
    mask = ChannelDropout(0.5)(torch.ones(4, 6))
    for rank in range(2):
        found = torch.load(tmp_path / f"out{rank}", weights_only=True)
        torch.testing.assert_close(found["gradient"], layer.weight.grad)
        torch.testing.assert_close(found["one_sided"], torch.tensor([[6.0, 7.0]]) / 2)
        assert found["unused"] is None
        assert found["total"] == x.sum()
        assert torch.equal(found["gathered"], x)
        assert torch.equal(found["mask"], mask)


def _trained_in_each_process(rank: int, folder: str) -> None:
    store = f"file://{folder}/store"
    distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    torch.manual_seed(0)
    norms = nn.ModuleDict({name: nn.BatchNorm1d(1) for name in ("both", "second", "none")})
    with common_statistics(norms):
        norms["both"](torch.tensor([[2.0], [4.0]]) + 10 * rank)
        if rank == 1:
            norms["second"](torch.tensor([[2.0], [4.0]]))
    states = []
    training.run_steps = lambda out, state, total, step, *_: states.append(state) or step(0)
    frames = LabelledMixture(Mixture(Path(folder), {"scenes": 1.0}, "shares"), {})
    budget = training.Budget(images=2, size=64, batch=2, quiet_share=0.0)
    training.train_method("pix2pix", frames, Path(folder) / "run", budget, runtime=Runtime(launch(1, "32")))
    learned = {
        f"{part}.{name}": buffer
        for part, module in states[0].modules.items()
        for name, buffer in module.named_buffers()
    }
    torch.save({"norms": norms.state_dict(), "learned": learned}, f"{folder}/found{rank}")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_running_statistics_are_those_of_all_processes(data: Path, tmp_path: Path) -> None:
    (tmp_path / "scenes").symlink_to(data / "scenes")
    multiprocessing.spawn(_trained_in_each_process, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"found{rank}", weights_only=True) for rank in range(2))
    for found in (first, second):
        norms = {name: value.item() for name, value in found["norms"].items() if value.numel() == 1}
        assert norms["both.running_mean"] == pytest.approx(0.1 * 8)
        assert norms["second.running_mean"] == pytest.approx(0.1 * 3)
        assert norms["none.running_mean"] == 0
        counts = {name: norms[f"{name}.num_batches_tracked"] for name in ("both", "second", "none")}
        assert counts == {"both": 1, "second": 1, "none": 0}
    assert {name.split(".")[0] for name in first["learned"]} == {"generator", "generator_ema", "opponents"}
    for name, value in first["learned"].items():
        assert torch.equal(value, second["learned"][name]), name


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 4)
    require_divisible(8, "edge")
    with pytest.raises(OptionError, match=r"edge\.batch=6 cannot be shared by 4 processes"):
        require_divisible(6, "edge")


def test_one_process_has_the_whole_batch() -> None:
    assert processes() == 1
    assert list(own_part(3)) == [0, 1, 2]
    assert draw_uniform(3, 5).shape == (3, 5)


def test_dropout_zeroes_whole_channels_and_keeps_the_mean() -> None:
    torch.manual_seed(3)
    dropout = ChannelDropout(0.25)
    x = dropout(torch.ones(200, 50, 2, 2))
    assert x.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(x.amin((2, 3)), x.amax((2, 3)))
    assert x.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout.eval()(x), x)
