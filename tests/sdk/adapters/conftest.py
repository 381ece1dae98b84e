"""The shipped bundle, and moments of the procedural street that play the simulators."""

import pytest

from thermalsdk import Synthesizer
from thermalsdk.scenes import StreetScene

#: A street with people near by, by day.
SEED = 9


@pytest.fixture(scope="session")
def street():
    with Synthesizer.load("street", device="cpu", threads=1, warmup=False) as synthesizer:
        yield synthesizer


@pytest.fixture(scope="session")
def moments():
    """Four moments of one street, 96x128."""
    return list(StreetScene(SEED, 96, 128).frames(4))
