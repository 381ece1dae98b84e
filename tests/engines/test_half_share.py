"""What counts as half precision: in the network, and in what each TensorRT's inspector says of an engine."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermalsdk.engines import compile as compiling
from thermalsdk.engines.half_share import Convolution, declared, verified
from thermalsdk.errors import PrecisionError

NETWORK = (Convolution("first", 100, True), Convolution("second", 300, True), Convolution("third", 600, True))

#: As TensorRT 10 words it: fused names, one key for format and type, data movers in between.
VERSION_10 = [
    {
        "Name": "Reformatting CopyNode for Input Tensor 0 to first",
        "LayerType": "Reformat",
        "Inputs": [{"Name": "x", "Format/Datatype": "Row major linear FP32"}],
        "Metadata": "",
    },
    {
        "Name": "first + relu",
        "LayerType": "CaskConvolution",
        "Inputs": [{"Name": "x", "Format/Datatype": "Channel major FP16 format where channel % 8 == 0"}],
        "Metadata": "[ONNX Layer: first]\u001e[ONNX Layer: relu]",
    },
    {
        "Name": "second + third [profile 1]",
        "LayerType": "CaskConvolution",
        "Inputs": [{"Name": "y", "Format/Datatype": "Half"}, {"Name": "z", "Format/Datatype": "Float"}],
    },
]
#: As TensorRT 11 does: format and type apart.
VERSION_11 = [
    {
        "Name": "__myl_Conv",
        "LayerType": "kgen",
        "Inputs": [{"Name": "x", "Format": "Linear", "Datatype": "Half"}],
        "Metadata": "[ONNX Layer: first]\u001f[ONNX Layer: second]\u001f[ONNX Layer: third]",
    }
]


def in_float(layers):
    text = {"Half": "Float", "Channel major FP16 format where channel % 8 == 0": "Row major linear FP32"}
    return [
        {**layer, "Inputs": [{k: text.get(v, v) for k, v in tensor.items()} for tensor in layer["Inputs"]]}
        for layer in layers
    ]


@pytest.mark.parametrize("layers", [VERSION_10, VERSION_11], ids=["10", "11"])
def test_an_engine_in_half_precision_and_one_that_is_silently_not(layers):
    assert verified(NETWORK, layers) == 1.0
    assert declared(NETWORK) == 1.0
    assert verified(NETWORK, in_float(layers)) == 0.0


def test_a_convolution_that_no_layer_names_is_not_verified():
    assert verified(NETWORK, VERSION_10[:2]) == pytest.approx(0.1)


def test_one_profile_in_float_is_enough_to_fail():
    other_profile = in_float([{**VERSION_10[2], "Name": "second + third [profile 2]"}])
    assert verified(NETWORK, VERSION_10 + other_profile) == pytest.approx(0.1)


def test_names_of_shapes_unknown_are_not_half():
    unknown = [{**VERSION_11[0], "Inputs": [{"Name": "x", "Format/Datatype": "N/A due to dynamic shapes"}]}]
    assert verified(NETWORK, unknown) == 0.0


@given(st.lists(st.tuples(st.integers(1, 10**12), st.booleans()), max_size=20))
def test_shares(costs):
    network = [Convolution(str(i), macs, half) for i, (macs, half) in enumerate(costs)]
    layers = [
        {"Name": c.name, "LayerType": "Conv", "Inputs": [{"Datatype": "Half" if c.half else "Float"}]}
        for c in network
    ]
    assert verified(network, layers) == declared(network)
    if not network:
        assert declared(network) is None
    else:
        assert declared(network) == pytest.approx(
            sum(macs for macs, half in costs if half) / sum(macs for macs, _ in costs)
        )


class Engine:
    """What the inspector is asked through."""

    def __init__(self, layers):
        self._text = json.dumps({"Layers": layers, "I/O Tensors": ["x", "y"]})
        self.shapes = {}

    def create_execution_context(self):
        return SimpleNamespace(set_input_shape=self.shapes.__setitem__)

    def create_engine_inspector(self):
        return SimpleNamespace(get_engine_information=lambda form: self._text)


@pytest.mark.parametrize(("layers", "share"), [(VERSION_11, 1.0), (in_float(VERSION_11), 0.0)])
def test_engine_of_a_machine_with_a_gpu_is_verified(monkeypatch, plan, street, layers, share):
    spec = street.manifest.graphs.layers["car"]
    request = plan(spec, b"", precision="fp16").request
    engine = Engine(layers)
    module = SimpleNamespace(
        Runtime=lambda logger: SimpleNamespace(deserialize_cuda_engine=lambda plan: engine),
        LayerInformationFormat=SimpleNamespace(JSON="json"),
    )
    monkeypatch.setattr(compiling, "CudaDriver", lambda: None)
    flavour = SimpleNamespace(name="tensorrt", module=module)
    found, why = compiling._verified_share(flavour, request, b"", NETWORK, None)
    assert (found, why) == (share, "")
    assert engine.shapes == request.profiles[0].best
    if share < 1:
        with pytest.raises(PrecisionError, match=r"only 0\.0% .* \(verified\)"):
            compiling._require_half("verified", found, request)
