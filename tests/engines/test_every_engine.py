"""Encoder, layers and the graph that joins them, of the bundle that ships, in FP32 and FP16: really built."""

import subprocess
import sys

import onnx
import pytest

from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.profiles import LARGEST_FRAME, REGION_SIDES
from thermalsdk.engines.request import LEAST_HALF_SHARE
from thermalsdk.errors import BackendUnavailable

pytestmark = pytest.mark.slow

#: On a machine that imports NumPy in so many seconds of processor time.
MOST_SECONDS, NUMPY_SECONDS = 60, 0.14


@pytest.fixture(params=["engines", "half_engines"])
def built(request, specs):
    """The engines of one precision: (what is in the manifest, what was planned, what came of it) of each."""
    by_graph = request.getfixturevalue(request.param).by_graph
    return [(spec, *by_graph[spec.file]) for spec in specs]


def share(entry):
    return entry.facts["half_share"]["declared"]


def slowness():
    """How many times longer this machine takes, with what else it does, but at least 1.

    The slowest of five counts: builds take a minute, and meet all moods of a machine.
    """
    code = "import time; start = time.process_time(); import numpy; print(time.process_time() - start)"
    runs = (subprocess.run([sys.executable, "-c", code], check=True, capture_output=True) for _ in range(5))
    return max(1.0, max(float(run.stdout) for run in runs) / NUMPY_SECONDS)


def test_they_take_less_than_a_minute_and_print_their_half_shares(
    engines, half_engines, specs, record_property
):
    seconds = engines.processor_seconds + half_engines.processor_seconds
    shares = {
        spec.file: [share(both.by_graph[spec.file][1]) for both in (engines, half_engines)] for spec in specs
    }
    record_property("engines", f"{2 * len(specs)} built in {seconds:.1f} s of processor time")
    for file, (full, half) in shares.items():
        record_property("half share declared", f"{file:26} fp32 {full:.3f}  fp16 {half:.3f}")
    assert seconds < MOST_SECONDS * slowness()
    for full, half in shares.values():
        assert full == 0.0
        assert half >= LEAST_HALF_SHARE


def test_tensors_are_those_of_the_manifest_in_float32(built):
    for spec, _, entry in built:
        found = {(t["name"], t["mode"]): (t["dtype"], t["shape"]) for t in entry.facts["tensors"]}
        assert found == {
            (t.name, mode): ("float", [side if isinstance(side, int) else -1 for side in t.shape])
            for mode, tensors in (("input", spec.inputs), ("output", spec.outputs))
            for t in tensors
        }


def test_layers_have_a_profile_for_every_region_and_all_have_one_for_the_frame(built, street):
    layers = {spec.file for spec in street.manifest.graphs.layers.values()}
    for spec, planned, entry in built:
        regions = [((side, side), (side, side)) for side in REGION_SIDES] if spec.file in layers else []
        sizes = [*regions, ((512, 512), LARGEST_FRAME)]
        assert len(planned.request.profiles) == len(sizes)
        assert entry.facts["profiles"] == [
            {t.name: [list(t.shape_for(*size)) for size in ((64, 64), best, largest)] for t in spec.inputs}
            for best, largest in sizes
        ]


def test_every_convolution_is_there_and_the_file_is_whole(built):
    for _, planned, entry in built:
        nodes = [node.op_type for node in onnx.load_from_string(planned.model).graph.node]
        layers = entry.facts["layers"]
        assert layers["CONVOLUTION"] == nodes.count("Conv") > 0
        assert layers.get("DECONVOLUTION", 0) == nodes.count("ConvTranspose")
        assert entry.facts["diagnostics"] == 0
        assert entry.path.stat().st_size == entry.size > 0


def test_half_precision_is_never_called_verified_without_a_gpu(built):
    try:
        CudaDriver()
    except BackendUnavailable as error:
        for _, _, entry in built:
            assert entry.facts["half_share"]["verified"] is None
            assert entry.facts["half_share"]["unverified"] == error.message  # noqa: PT017 - no GPU here
