"""Synthesizers and cameras in other processes: forked, or started anew with a pickle of them."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests.sdk.conftest import moving_picture
from thermalsdk import Camera, Synthesizer
from thermalsdk.errors import ClosedError

FORKED = """
import os, sys
import numpy as np
from thermalsdk import Synthesizer
from thermalsdk.errors import ClosedError

bundle, rgb = sys.argv[1], np.zeros((96, 128, 3), np.uint8)
synth = Synthesizer.load(bundle, device="cpu", threads=2)
expected = synth(rgb).kelvin
stream = synth.stream([rgb] * 9, policy="all", in_flight=2)
next(stream)
child = os.fork()
if child == 0:
    for use in (lambda: synth(rgb), lambda: next(stream), lambda: synth.stream([rgb])):
        try:
            use()
            os._exit(2)
        except ClosedError as error:
            assert "before the process was forked" in str(error)
    synth.close()
    stream.close()
    with Synthesizer.load(bundle, device="cpu", threads=2) as own:
        os._exit(0 if np.array_equal(own(rgb).kelvin, expected) else 3)
assert np.array_equal(synth(rgb).kelvin, expected)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_is_told_to_load_its_own(tiny_bundle):
    """It would wait forever for threads that the parent has."""
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, str(tiny_bundle)]
    done = subprocess.run(words, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_pickle_loads_what_was_loaded(tiny_bundle, rgb, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_bundle.parent)
    with Synthesizer.load(tiny_bundle.name, device="cpu", threads=1, warmup=False) as synth:
        content, expected = pickle.dumps(synth), synth(rgb).kelvin
    monkeypatch.chdir(tmp_path)
    with pickle.loads(content) as again:  # noqa: S301, its own
        assert (again.info.device, again.info.threads) == ("cpu", 1)
        np.testing.assert_array_equal(again(rgb).kelvin, expected)
    with pytest.raises(ClosedError):
        synth(rgb)


def test_a_camera_goes_on_where_it_was_pickled(synth):
    camera = Camera.preset("boson640")
    frames = [synth(moving_picture(index)) for index in range(3)]
    camera.view(frames[0])
    copy = pickle.loads(pickle.dumps(camera))  # noqa: S301, likewise
    for frame in frames[1:]:
        np.testing.assert_array_equal(copy.view(frame).raw16, camera.view(frame).raw16)
