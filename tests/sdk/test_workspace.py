"""Memory that is used again, and what a user must never see of it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from thermalsdk import Synthesizer, Temperatures
from thermalsdk.workspace import Workspace

GIVEN = Temperatures(ambient=285.0)


def test_a_name_keeps_its_memory_and_grows_it_only_when_it_must():
    workspace = Workspace()
    first = workspace.array("a", (2, 3))
    assert first.dtype == np.float32
    assert first.flags.c_contiguous
    assert workspace.array("a", (6,)).base is first.base
    assert workspace.array("b", (2, 3)).base is not first.base
    assert workspace.bytes == 2 * 24
    assert workspace.array("a", (4, 5)).shape == (4, 5)
    assert workspace.bytes == 80 + 24
    assert workspace.array("a", (1, 2)).shape == (1, 2)
    assert workspace.bytes == 80 + 24


def test_new_memory_is_finite():
    assert np.isfinite(Workspace().array("a", (100, 100))).all()


def test_a_frame_is_not_changed_by_the_next_one(tiny_bundle):
    rng = np.random.default_rng(0)
    with Synthesizer.load(tiny_bundle) as synth:
        frames, copies = [], []
        for size in ((96, 128), (64, 64), (96, 128)):
            frame = synth(rng.integers(0, 256, (*size, 3), np.uint8))
            frames.append(frame)
            copies.append([np.copy(a) for a in (frame.kelvin, frame.labels, frame.thermal_labels)])
        for frame, copy in zip(frames, copies, strict=True):
            for array, before in zip((frame.kelvin, frame.labels, frame.thermal_labels), copy, strict=True):
                np.testing.assert_array_equal(array, before)


def test_what_a_larger_frame_left_behind_is_not_seen(tiny_bundle):
    rng = np.random.default_rng(1)
    small, large = (rng.integers(0, 256, (side, side, 3), np.uint8) for side in (64, 160))
    labels = rng.integers(0, 3, (8, 8)).repeat(8, 0).repeat(8, 1)
    with Synthesizer.load(tiny_bundle) as synth:
        fresh = synth(small, labels=labels, temperatures=GIVEN).kelvin
        synth(large)
        np.testing.assert_array_equal(synth(small, labels=labels, temperatures=GIVEN).kelvin, fresh)


# In a process of its own, because what other tests left behind grows and shrinks by itself.
TEN_THOUSAND_FRAMES = """
import sys
import numpy as np
from pathlib import Path
from thermalsdk import Synthesizer

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

rng = np.random.default_rng(2)
frames = [rng.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(4)]
with Synthesizer.load(sys.argv[1], threads=2) as synth:
    def run(count):
        for index in range(count):
            synth(frames[index % 4])

    run(1_000)
    before = resident_bytes()
    run(10_000)
    print(resident_bytes() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_memory_is_constant_over_ten_thousand_frames(tiny_bundle):
    command = [sys.executable, "-c", TEN_THOUSAND_FRAMES, tiny_bundle]
    # glibc keeps freed memory for the next time, up to megabytes by chance: here it gives it back at once.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "65536"}
    grown = int(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert grown < 2 << 20
