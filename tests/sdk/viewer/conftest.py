"""Live sources that fall silent, break, or take long to open."""

import threading

import numpy as np
import pytest

from thermalsdk.errors import VideoError
from thermalsdk.video import SourceFrame, open_source
from thermalsdk.viewer import feed


class SilentSource:
    """One picture, and another one when it is woken."""

    clock = "live"
    rate = count = None
    single = False

    def __init__(self, woken):
        self._woken = woken

    def __iter__(self):
        yield SourceFrame(np.full((96, 128, 3), 90, np.uint8), 0, 0.0, "000000")
        assert self._woken.wait(30)
        yield SourceFrame(np.full((96, 128, 3), 200, np.uint8), 1, 30.0, "000001")

    def close(self):
        pass


class BrokenSource(SilentSource):
    """Can be opened, and not be read."""

    def __iter__(self):
        raise VideoError("nothing comes", "Mend it.")


class SlowSource(SilentSource):
    """Is opened when it is woken."""

    def __init__(self, woken):
        super().__init__(woken)
        assert woken.wait(30)


@pytest.fixture
def silent(monkeypatch):
    """Makes the sources "silent", "broken" and "slow"; when this event is set, silent and slow go on."""
    woken = threading.Event()
    kinds = {"silent": SilentSource, "broken": BrokenSource, "slow": SlowSource}
    monkeypatch.setattr(
        feed, "open_source", lambda name: kinds[name](woken) if name in kinds else open_source(name)
    )
    yield woken
    woken.set()
