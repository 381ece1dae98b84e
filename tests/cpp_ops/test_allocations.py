"""The native part of a frame takes nothing from the heap once it has seen frames of that size."""

import ctypes

import pytest

from tests.cpp_ops.compiling import OPS, compile_driver


@pytest.fixture(scope="module")
def count_allocations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    sources = sorted(path.name for path in OPS.glob("*.cpp"))
    function = compile_driver(folder, "allocation_driver", *sources).count_allocations

    def count(frames, height, width, threads):
        counts = (ctypes.c_int * frames)()
        function(frames, height, width, threads, counts)
        return list(counts)

    return count


@pytest.mark.parametrize("threads", [1, 2])
def test_steady_state_allocates_nothing(count_allocations, threads):
    counts = count_allocations(40, 96, 128, threads)
    assert counts[0] > 0, "the driver does not count"
    # A helper thread takes memory for its five steps once, in whichever frame it first wakes up for.
    assert sum(count > 0 for count in counts[6:]) <= 5 * (threads - 1)
