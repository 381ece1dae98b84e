"""A folder is complete or absent, whatever stops the export."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from export.staging import staged
from thermalsdk.errors import OutputError

KNOWN = "manifest.json"


def fill(folder: Path, text: str) -> None:
    (folder / KNOWN).write_text(text)


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_result_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "street"
    for text in ("first", "second"):
        with staged(out, KNOWN) as stage:
            fill(stage, text)
            assert not out.exists() or (out / KNOWN).read_text() == "first"
    assert (out / KNOWN).read_text() == "second"
    assert list(out.parent.iterdir()) == [out]


def test_an_error_leaves_the_former_result(tmp_path: Path) -> None:
    out = tmp_path / "street"
    with staged(out, KNOWN) as stage:
        fill(stage, "good")
    with pytest.raises(UnicodeEncodeError), staged(out, KNOWN) as stage:
        (stage / KNOWN).write_text("\ud800")
    assert (out / KNOWN).read_text() == "good"
    assert list(tmp_path.iterdir()) == [out]


def test_a_kill_leaves_the_former_result_and_the_next_export_cleans_up(tmp_path: Path) -> None:
    out = tmp_path / "street"
    with staged(out, KNOWN) as stage:
        fill(stage, "good")
    code = f"""
from pathlib import Path; import time
from export.staging import staged
with staged(Path({str(out)!r}), {KNOWN!r}) as stage:
    (stage / {KNOWN!r}).write_text("half")
    print("written", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        with staged(tmp_path / "other", KNOWN):
            pass
        assert len(list(tmp_path.glob(".street.*"))) == 1  # an export at work keeps its folder
        process.send_signal(signal.SIGKILL)
    assert (out / KNOWN).read_text() == "good"
    with staged(out, KNOWN) as stage:
        assert not any(path != stage for path in tmp_path.glob(".street.*"))
        fill(stage, "better")
    assert (out / KNOWN).read_text() == "better"


def test_a_former_result_whose_successor_never_came_returns(tmp_path: Path) -> None:
    out = tmp_path / "street"
    pid = dead_process()
    for kind, text in (("former", "good"), ("partial", "new")):
        folder = tmp_path / f".street.{pid}.{kind}"
        folder.mkdir()
        fill(folder, text)
    with pytest.raises(ZeroDivisionError), staged(out, KNOWN):
        raise ZeroDivisionError
    assert (out / KNOWN).read_text() == "good"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EBUSY, errno.EXDEV])
def test_a_place_that_takes_nothing_is_an_error_with_a_hint(tmp_path: Path, number: int) -> None:
    with pytest.raises(OutputError, match=os.strerror(number)) as caught, staged(tmp_path / "a", KNOWN):
        raise OSError(number, os.strerror(number))
    assert "disk space" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged(tmp_path / "a", KNOWN):
        (tmp_path / "absent").read_bytes()


@pytest.mark.parametrize("out", ["file/street", "file/deep/street"])
def test_a_file_in_the_way_is_an_error_with_a_hint(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"), staged(tmp_path / out, KNOWN):
        pass
    assert (tmp_path / "file").read_text() == "mine"


def test_a_mount_point_is_refused_before_any_work() -> None:
    with (
        pytest.raises(OutputError, match="/proc is a mount point") as caught,
        staged(Path("/proc"), "version"),
    ):
        pytest.fail("the work was begun")
    assert "folder in it" in caught.value.hint


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "street"
    link.symlink_to(tmp_path / "disk" / "street")
    for text in ("first", "second"):
        with staged(link, KNOWN) as stage:
            fill(stage, text)
            assert stage.parent == tmp_path / "disk"
        assert (link / KNOWN).read_text() == text
    assert link.is_symlink()


def test_remains_of_other_names_are_left_alone(tmp_path: Path) -> None:
    """Of `street.v2`, whose next export will want its former result back."""
    others = [tmp_path / f".street.v2.{dead_process()}.{kind}" for kind in ("former", "partial")]
    for other in others:
        other.mkdir()
        fill(other, "good")
    with staged(tmp_path / "street", KNOWN) as stage:
        fill(stage, "mine")
    assert all((other / KNOWN).read_text() == "good" for other in others)
    assert (tmp_path / "street" / KNOWN).read_text() == "mine"


def test_what_is_no_result_is_kept(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.txt").write_text("precious")
    with pytest.raises(OutputError, match="something else"), staged(thesis, KNOWN):
        pass
    with pytest.raises(OutputError, match="something else"), staged(thesis / "chapter.txt", KNOWN):
        pass
    assert (thesis / "chapter.txt").read_text() == "precious"
