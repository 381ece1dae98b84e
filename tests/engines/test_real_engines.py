"""Engines built by TensorRT for RTX on this machine, from the bundle that ships, without a GPU."""

import math
import re
from collections import Counter

import onnx
import pytest
from onnx import numpy_helper, shape_inference

from tests.engines.half_graph import in_half
from thermalsdk.bundle import INT8_SYMMETRIC
from thermalsdk.engines import half_share
from thermalsdk.engines.build import build_engine
from thermalsdk.engines.compile import compile_engine, header_diagnostics
from thermalsdk.engines.monitor import Progress, make_monitor
from thermalsdk.engines.tensorrt_log import make_logger
from thermalsdk.errors import EngineError, PrecisionError


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


def test_header_is_sound_and_a_corrupted_one_is_not(layer, rtx):
    plan = layer[1].read()
    assert layer[1].facts["diagnostics"] == 0
    assert header_diagnostics(rtx, plan) == 0
    for damaged in (bytes(64) + plan[64:], plan[:16], b"no engine at all"):
        assert header_diagnostics(rtx, damaged) != 0


def test_cost_of_convolutions_is_that_of_the_onnx_file(layer, parsed, rtx):
    planned, _ = layer
    profile = planned.request.profiles[3]
    network = parsed(planned.model)
    found = half_share.convolutions_of(rtx.module, network, profile)
    assert {c.name: c.macs for c in found} == macs_by_onnx(planned.model, profile.best)
    assert -1 in tuple(network.get_input(0).shape)  # dynamic again


def test_share_is_weighted_by_cost(street, parsed, rtx, plan):
    """Convolutions that are left in float32 count by their cost, not by their number."""
    spec = street.manifest.graphs.layers["car"]
    profile = plan(spec, b"").request.profiles[-1]
    model = in_half(street.model(spec), convolutions_in_full=3)
    found = half_share.convolutions_of(rtx.module, parsed(model), profile)
    costs = macs_by_onnx(street.model(spec), profile.best)
    in_full = sum(list(costs.values())[:3])
    assert half_share.declared(found) == pytest.approx(1 - in_full / sum(costs.values()))


@pytest.mark.parametrize("mostly_half", [False, True])
def test_half_engine_below_its_share_is_refused(street, plan, tmp_path, mostly_half):
    spec = street.manifest.graphs.layers["person"]
    model = street.model(spec)
    if mostly_half:
        model = in_half(model, convolutions_in_full=3)
    planned = plan(spec, model, precision="fp16")
    with pytest.raises(PrecisionError, match=r"only \d+\.\d% .* \(declared\)"):
        build_engine(planned.request, planned.model, tmp_path / "engine", tmp_path / "timing")
    assert list(tmp_path.iterdir()) == []


def test_progress_grows_to_its_end(street, plan, cache):
    spec = street.manifest.graphs.segmenter
    planned = plan(spec, street.model(spec), regions=False)
    shares = []
    entry = cache.get(planned.request, planned.model, shares.append)
    assert len(entry.facts["profiles"]) == 1
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_segmenter_in_8_bit_integers(street, plan, rtx, tmp_path):
    """TensorRT for RTX logs what it builds: every convolution takes int8. None of it was run."""
    twins = pytest.importorskip("tests.engines.int8_twin", reason="export needs PyTorch")
    model = twins.symmetric_segmenter(street, tmp_path)
    planned = plan(street.manifest.graphs.segmenter, model, precision=INT8_SYMMETRIC, regions=False)
    assert planned.request.graph == "segmenter.int8-symmetric.onnx"
    log = []
    compiled = compile_engine(
        rtx,
        planned.request,
        model,
        logger=every_word(rtx.module, log),
        monitor=make_monitor(rtx.module, Progress(lambda share: None), lambda: True),
        timing=b"",
        on_timing=lambda content: None,
    )
    assert compiled.diagnostics == 0
    assert {t["name"]: t["dtype"] for t in compiled.tensors} == {"rgb": "float", "logits": "float"}
    engine_layers = re.findall(r"LayerType: correlation, Inputs: \[ {[^}]*Datatype: (\w+)", "\n".join(log))
    assert Counter(engine_layers) == {"Int8": compiled.layers["CONVOLUTION"]}


def every_word(trt, log):
    class Logger(trt.ILogger):
        def __init__(self):
            trt.ILogger.__init__(self)

        def log(self, severity, message):
            log.append(message)

    return Logger()


def test_graph_that_tensorrt_cannot_read(street, plan, cache):
    """The 8-bit segmenter for ONNX Runtime, which is why there is another for TensorRT."""
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
