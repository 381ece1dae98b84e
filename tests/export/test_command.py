"""`python -m export`: what it exports, and what stays when it is stopped or the disk is full."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from export import command
from export.bundle import extend_bundle
from export.parity import ParityError
from thermalsdk.bundle import Bundle, shipped_bundles
from thermalsdk.errors import OutputError
from train.checkpoint import WEIGHTS
from train.record import CONFIG

CHECKOUT = Path(__file__).parents[2]
street = pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["export", *arguments])
        return command.main()

    return run


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 1 MB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@street
def test_without_a_run_the_shipped_bundle_is_exported(run, capsys, tmp_path: Path) -> None:
    assert run() == 0
    *engines, folder = capsys.readouterr().out.splitlines()
    assert folder == "bundles/street"
    assert engines[0].startswith("engines ")  # built, or in one line why not
    shipped, copy = Bundle.open("street"), Bundle.open(tmp_path / "bundles" / "street")
    assert copy.manifest == shipped.manifest


def test_an_unfinished_run_is_named_rather_than_passed_over(run, capsys, tmp_path: Path) -> None:
    (tmp_path / "runs" / "mine" / "segmenter").mkdir(parents=True)
    assert run("--fp16") == 1
    error = capsys.readouterr().err
    assert "no complete training run" in error
    assert "--checkpoint street" in error
    assert not (tmp_path / "bundles").exists()


@pytest.mark.parametrize("size", ["100x128", "32x32", "wide", "0x64"])
def test_a_size_that_no_pipeline_has_is_wrong_usage(run, capsys, size: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--pipeline", size)
    assert caught.value.code == 2
    assert "--pipeline" in capsys.readouterr().err


def test_an_absent_card_is_wrong_usage(run, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--card", "absent.md")
    assert caught.value.code == 2
    assert "absent.md" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--fp16"],
        ["--base", "street"],
        ["--int8"],
        ["--pipeline"],
        ["--pipeline", "64x96", "--triton", "models"],
        ["--card", "card.md"],
        ["--engines", "trt"],
        ["--engines", "rtx", "--fp16"],
    ],
    ids=" ".join,
)
def test_options_that_a_method_does_not_have_are_refused(run, capsys, tmp_path: Path, options) -> None:
    """Before its weights are read: here they cannot be."""
    (tmp_path / "paper").mkdir()
    for name in (WEIGHTS, CONFIG):
        (tmp_path / "paper" / name).write_bytes(b"")
    (tmp_path / "card.md").write_text("mine")
    assert run("--checkpoint", "paper", *options) == 1
    error = capsys.readouterr().err
    assert "paper is a method of the comparison" in error
    assert all(option in error for option in options if option.startswith("--"))
    assert not (tmp_path / "bundles").exists()


@street
def test_a_bundle_has_no_base(run, capsys) -> None:
    assert run("--checkpoint", "street", "--base", "street") == 1
    assert "lacks no stage" in capsys.readouterr().err


@street
def test_a_bundle_may_be_extended_in_its_place(run, tmp_path: Path) -> None:
    assert run("--out", "mine") == 0
    card = tmp_path / "card.md"
    card.write_text("mine")
    assert run("--checkpoint", "mine", "--out", "mine", "--card", str(card)) == 0
    assert "MODEL_CARD.md" in Bundle.open(tmp_path / "mine").manifest.files
    assert (tmp_path / "mine" / "MODEL_CARD.md").read_text() == "mine"


@street
def test_a_copy_is_called_what_its_folder_is_called(tmp_path: Path) -> None:
    copy = Bundle.open(extend_bundle(Bundle.open("street"), tmp_path / "mine"))
    assert copy.manifest.name == "mine"


@street
def test_a_refused_addition_leaves_the_former_bundle(tmp_path: Path) -> None:
    out = extend_bundle(Bundle.open("street"), tmp_path / "street")
    before = Bundle.open(out).manifest

    def refuse(bundle: Bundle, graphs: object) -> None:
        (bundle.path / "encoder.fp16.onnx").write_bytes(b"half a graph")
        raise ParityError("too far", "")

    with pytest.raises(ParityError):
        extend_bundle(Bundle.open(out), out, additions=[refuse])  # type: ignore[list-item]
    assert Bundle.open(out).manifest == before
    assert list(tmp_path.iterdir()) == [out]


@street
@pytest.mark.usefixtures("small_files")
def test_a_full_disk_leaves_nothing(run, capsys, tmp_path: Path) -> None:
    assert run("--fp16") == 1
    assert "Free disk space" in capsys.readouterr().err
    assert list((tmp_path / "bundles").iterdir()) == []
    with pytest.raises(OutputError):
        extend_bundle(Bundle.open("street"), tmp_path / "bundles" / "street")


@street
@pytest.mark.slow
def test_a_kill_in_the_middle_leaves_the_former_bundle(tmp_path: Path) -> None:
    out = extend_bundle(Bundle.open("street"), tmp_path / "street")
    before = Bundle.open(out).manifest
    command_line = [sys.executable, "-m", "export", "--checkpoint", "street", "--fp16", "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["sdk", "."])}
    with subprocess.Popen(command_line, cwd=CHECKOUT, env=environment, stderr=subprocess.DEVNULL) as process:
        stage = tmp_path / f".street.{process.pid}.partial"
        while not (stage / "manifest.json").exists():
            assert process.poll() is None, "the export ended before it could be killed"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert stage.exists()
    assert Bundle.open(out).manifest == before
    extend_bundle(Bundle.open("street"), out)
    assert list(tmp_path.iterdir()) == [out]
