"""The page about streams: every example runs."""

import shlex
import shutil

import pytest

from tests.sdk.documents import blocks
from thermalsdk.video import open_source

#: With the number of the last frame.
HEADINGS = (
    (None, 11),
    ("What a simulator knows", 2),
    ("One frame soon, or many a second", 11),
    ("Steadiness", 11),
)


@pytest.mark.parametrize(("heading", "last"), HEADINGS)
def test_examples(heading, last, synth, video, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(video, "road.mp4")
    found = blocks("streams.md", heading)
    assert found
    for language, text in found:
        if language == "python":
            names = {"synth": synth}
            exec(compile(text, "streams.md", "exec"), names)  # noqa: S102 - our own page
            assert names["frame"].index == last
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "thermalsdk"
            assert run(*arguments)[0] == 0, line
            assert len(list(open_source(arguments[2]))) == 12
