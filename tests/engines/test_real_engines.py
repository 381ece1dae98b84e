"""Engines built by TensorRT for RTX on this machine, from the bundle that ships, without a GPU."""

import math

import onnx
import pytest
from onnx import numpy_helper, shape_inference

from tests.engines.half_graph import in_half
from thermalsdk.engines import half_share
from thermalsdk.engines.build import build_engine
from thermalsdk.engines.compile import header_diagnostics
from thermalsdk.engines.cuda_driver import CudaDriver
from thermalsdk.engines.profiles import LARGEST_FRAME, REGION_SIDES
from thermalsdk.engines.tensorrt_log import make_logger
from thermalsdk.errors import BackendUnavailable, EngineError, PrecisionError

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def parsed(rtx):
    """Call with a model: its strongly typed network (and what must outlive it)."""
    alive = []

    def call(model):
        trt = rtx.module
        builder = trt.Builder(make_logger(trt, lambda level, text: None))
        network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = trt.OnnxParser(network, builder.logger)
        assert parser.parse(model)
        alive.extend((builder, network, parser))
        return network

    return call


def macs_by_onnx(model, sizes):
    """Multiply-accumulates of every convolution, counted from the ONNX file alone."""
    proto = onnx.load_from_string(model)
    for tensor in proto.graph.input:
        for axis, side in zip(tensor.type.tensor_type.shape.dim, sizes[tensor.name], strict=True):
            axis.dim_value = side
    del proto.graph.value_info[:]
    for tensor in proto.graph.output:
        for axis in tensor.type.tensor_type.shape.dim:
            axis.ClearField("value")
    graph = shape_inference.infer_shapes(proto, data_prop=True).graph
    shapes = {
        tensor.name: [axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
        for tensor in (*graph.input, *graph.value_info, *graph.output)
    }
    weights = {i.name: numpy_helper.to_array(i).size for i in graph.initializer}
    return {
        node.name: math.prod(shapes[(node.output if node.op_type == "Conv" else node.input)[0]][2:])
        * weights[node.input[1]]
        for node in graph.node
        if node.op_type in ("Conv", "ConvTranspose")
    }


def test_facts_of_a_layer(layer, street):
    planned, entry = layer
    spec = street.manifest.graphs.layers["car"]
    tensors = {(t["name"], t["mode"]): t for t in entry.facts["tensors"]}
    assert set(tensors) == {(t.name, "input") for t in spec.inputs} | {
        (t.name, "output") for t in spec.outputs
    }
    assert {t["dtype"] for t in entry.facts["tensors"]} == {"float"}
    assert tensors["contrast", "output"]["shape"] == [1, 1, -1, -1]
    assert tensors["latent", "input"]["shape"] == [1, 64]
    nodes = [node.op_type for node in onnx.load_from_string(planned.model).graph.node]
    assert entry.facts["layers"]["CONVOLUTION"] == nodes.count("Conv") > 0
    assert entry.facts["layers"]["DECONVOLUTION"] == nodes.count("ConvTranspose") > 0
    weights = street.manifest.files[spec.file].bytes
    assert weights < entry.size < 30 * MEBIBYTE
    assert entry.path.stat().st_size == entry.size


def test_every_region_side_and_the_frame_have_a_profile(layer):
    _, entry = layer
    built = entry.facts["profiles"]
    assert len(built) == len(REGION_SIDES) + 1
    for side, profile in zip(REGION_SIDES, built, strict=False):
        assert profile["condition"] == [
            [1, 3, 16, 16],
            [1, 3, side // 4, side // 4],
            [1, 3, side // 4, side // 4],
        ]
        assert profile["features_8"][2] == [1, 32, side // 8, side // 8]
    height, width = LARGEST_FRAME
    assert built[-1]["features_2"][2] == [1, 16, height // 2, width // 2]


def test_header_is_sound_and_a_corrupted_one_is_not(layer, rtx):
    plan = layer[1].read()
    assert layer[1].facts["diagnostics"] == 0
    assert header_diagnostics(rtx, plan) == 0
    for damaged in (bytes(64) + plan[64:], plan[:16], b"no engine at all"):
        assert header_diagnostics(rtx, damaged) != 0


def test_half_precision_is_declared_and_never_called_verified_without_a_gpu(layer, half_layer):
    assert layer[1].facts["half_share"]["declared"] == 0.0
    assert half_layer[1].facts["half_share"]["declared"] == 1.0
    assert {t["dtype"] for t in half_layer[1].facts["tensors"]} == {"float"}
    try:
        CudaDriver()
    except BackendUnavailable as error:
        assert half_layer[1].facts["half_share"]["verified"] is None
        assert half_layer[1].facts["half_share"]["unverified"] == error.message  # noqa: PT017 - no GPU here


def test_cost_of_convolutions_is_that_of_the_onnx_file(layer, parsed, rtx):
    planned, _ = layer
    profile = planned.request.profiles[3]
    network = parsed(planned.model)
    found = half_share.convolutions_of(rtx.module, network, profile)
    assert {c.name: c.macs for c in found} == macs_by_onnx(planned.model, profile.best)
    assert tuple(network.get_input(0).shape) == (1, 16, -1, -1)


def test_share_is_weighted_by_cost(street, parsed, rtx, plan):
    """Two of eight convolutions in float32 are an eighth of the cost here, not a quarter."""
    spec = street.manifest.graphs.layers["car"]
    profile = plan(spec, b"").request.profiles[-1]
    model = in_half(street.model(spec), convolutions_in_full=3)
    found = half_share.convolutions_of(rtx.module, parsed(model), profile)
    costs = macs_by_onnx(street.model(spec), profile.best)
    in_full = sum(list(costs.values())[:3])
    assert half_share.declared(found) == pytest.approx(1 - in_full / sum(costs.values()))


@pytest.mark.parametrize("convolutions", [None, 3])
def test_half_engine_below_its_share_is_refused(street, plan, cache, tmp_path, convolutions):
    spec = street.manifest.graphs.layers["person"]
    model = street.model(spec)
    if convolutions is not None:
        model = in_half(model, convolutions_in_full=convolutions)
    planned = plan(spec, model, precision="fp16")
    with pytest.raises(PrecisionError, match=r"only \d+\.\d% .* \(declared\)"):
        build_engine(planned.request, planned.model, tmp_path / "engine", tmp_path / "timing")
    assert list(tmp_path.iterdir()) == []


def test_graphs_of_whole_frames_have_one_profile(street, plan, cache):
    spec = street.manifest.graphs.encoder
    planned = plan(spec, street.model(spec), regions=False)
    shares = []
    entry = cache.get(planned.request, planned.model, shares.append)
    assert len(entry.facts["profiles"]) == 1
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_graph_that_tensorrt_cannot_read(street, plan, cache):
    """The 8-bit segmenter has biases that only CPUs take."""
    spec = street.manifest.graphs.segmenter
    planned = plan(spec, street.model(spec, "int8"), regions=False)
    with pytest.raises(EngineError, match=r"cannot read segmenter\.onnx: .*Int32"):
        cache.get(planned.request, planned.model)
    assert cache.find(planned.request) is None


def test_sizes_that_contradict_the_graph(street, plan, tmp_path):
    """An encoder asked for the sizes of a layer."""
    graphs = street.manifest.graphs
    planned = plan(graphs.layers["car"], street.model(graphs.encoder))
    with pytest.raises(EngineError):
        build_engine(planned.request, planned.model, tmp_path / "engine", tmp_path / "timing")
    assert list(tmp_path.iterdir()) == []
