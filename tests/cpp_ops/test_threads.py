"""Helper threads of the native part: shared by every call of a process, and not inherited by its children."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.cpp_ops.compiling import compile_driver
from tests.cpp_ops.frames import blocky_labels, random_frame

FORK = """
import os, warnings
import numpy as np
from tests.cpp_ops.frames import Frame

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork of a process with threads
labels = np.zeros((64, 64), np.uint8)
plane = np.full((64, 64), 290.0, np.float32)


def compose():
    return Frame(labels, [plane], plane).composed(threads=4)


expected = compose()
child = os.fork()
same = np.array_equal(compose(), expected)
if child == 0:
    os._exit(0 if same else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if same else 2)
"""


def test_a_forked_child_has_its_own():
    done = subprocess.run([sys.executable, "-c", FORK], timeout=60, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_calls_at_the_same_time_do_not_mix():
    rng = np.random.default_rng(0)
    frames = [random_frame(rng, blocky_labels(rng, 150, 130)) for _ in range(6)]
    expected = [frame.composed() for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda i: frames[i % 6].composed(threads=3), range(240)))
    assert all(np.array_equal(kelvin, expected[i % 6]) for i, kelvin in enumerate(made))


@pytest.fixture(scope="module")
def pieces_done(tmp_path_factory):
    return compile_driver(tmp_path_factory.mktemp("driver"), "parallel_driver", "parallel.cpp").pieces_done


@pytest.mark.parametrize("threads", [1, 4])
def test_memory_that_runs_out_on_any_thread_is_an_error(pieces_done, threads):
    """And only once nobody works on what is about to be freed: a piece that fails stops no other."""
    for broken in range(20):
        assert pieces_done(threads, 20, broken) == 19
