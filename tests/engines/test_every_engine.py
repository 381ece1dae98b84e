"""The encoder and every layer that ship, in FP32 and FP16, as engines of TensorRT for RTX, without a GPU."""

import sys

import onnx
import pytest

from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.profiles import LARGEST_FRAME, REGION_SIDES
from thermalsdk.engines.request import LEAST_HALF_SHARE
from thermalsdk.errors import BackendUnavailable

pytestmark = pytest.mark.slow

MOST_SECONDS = 60


@pytest.fixture(params=["engines", "half_engines"])
def built(request):
    """The engines of one precision: graph, what was planned, and what came of it."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def specs(street):
    graphs = street.manifest.graphs
    return {spec.file: spec for spec in (graphs.encoder, *graphs.layers.values())}


def test_they_take_less_than_a_minute_and_print_their_half_shares(engines, half_engines, specs, capsys):
    seconds = engines.processor_seconds + half_engines.processor_seconds
    shares = {file: [share(both.by_graph[file][1]) for both in (engines, half_engines)] for file in specs}
    lines = [f"{2 * len(specs)} engines built in {seconds:.1f} s of processor time; half share declared:"]
    lines += [f"  {file:26} fp32 {full:.3f}  fp16 {half:.3f}" for file, (full, half) in shares.items()]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert list(engines.by_graph) == list(half_engines.by_graph) == list(specs)
    assert seconds < MOST_SECONDS
    for full, half in shares.values():
        assert full == 0.0
        assert half >= LEAST_HALF_SHARE


def test_tensors_are_those_of_the_manifest_in_float32(built, specs):
    for file, (_, entry) in built.by_graph.items():
        found = {(t["name"], t["mode"]): (t["dtype"], t["shape"]) for t in entry.facts["tensors"]}
        listed = [("input", t) for t in specs[file].inputs] + [("output", t) for t in specs[file].outputs]
        assert found == {
            (t.name, mode): ("float", [side if isinstance(side, int) else -1 for side in t.shape])
            for mode, t in listed
        }


def test_layers_have_a_profile_for_every_region_and_all_have_one_for_the_frame(built, specs, street):
    for file, (planned, entry) in built.by_graph.items():
        sizes = [(512, 512)] if file == street.manifest.graphs.encoder.file else []
        sizes = sizes or [*((side, side) for side in REGION_SIDES), (512, 512)]
        assert [profile.best for profile in planned.request.profiles] == [
            {t.name: t.shape_for(*size) for t in specs[file].inputs} for size in sizes
        ]
        for number, (height, width) in enumerate([*sizes[:-1], LARGEST_FRAME]):
            assert entry.facts["profiles"][number] == {
                t.name: [
                    list(t.shape_for(64, 64)),
                    list(t.shape_for(*sizes[number])),
                    list(t.shape_for(height, width)),
                ]
                for t in specs[file].inputs
            }


def test_every_convolution_is_there_and_the_file_is_whole(built):
    for planned, entry in built.by_graph.values():
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
        for _, entry in built.by_graph.values():
            assert entry.facts["half_share"]["verified"] is None
            assert entry.facts["half_share"]["unverified"] == error.message  # noqa: PT017 - no GPU here


def share(entry):
    return entry.facts["half_share"]["declared"]
