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


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_an_error_with_a_hint(tmp_path: Path, number: int) -> None:
    with pytest.raises(OutputError, match=os.strerror(number)) as caught, staged(tmp_path / "a", KNOWN):
        raise OSError(number, os.strerror(number))
    assert "disk space" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged(tmp_path / "a", KNOWN):
        (tmp_path / "absent").read_bytes()


def test_what_is_no_result_is_kept(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.txt").write_text("precious")
    with pytest.raises(OutputError, match="something else"), staged(thesis, KNOWN):
        pass
    with pytest.raises(OutputError, match="something else"), staged(thesis / "chapter.txt", KNOWN):
        pass
    assert (thesis / "chapter.txt").read_text() == "precious"
