"""Fine-tuning: a bundle's weights in the networks that it was exported from."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from thermalsdk.bundle import Bundle, ThermalNormalization
from thermalsdk.errors import BundleError
from thermalsdk.labels import STREET_CLASSES
from train.initial_weights import load_graph_weights, require_same_normalization
from train.networks.edge import EdgeLayer
from train.networks.segmenter import Segmenter


@pytest.fixture(scope="module")
def street() -> Bundle:
    return Bundle.open("street")


def test_the_network_computes_what_the_graph_does(street: Bundle) -> None:
    spec = street.manifest.graphs.segmenter
    network = Segmenter(STREET_CLASSES, pretrained=False).eval()
    load_graph_weights(street, spec, network)
    rgb = np.random.default_rng(0).random((1, 3, 64, 96), np.float32)
    (expected,) = onnxruntime.InferenceSession(street.model(spec)).run(None, {"rgb": rgb})
    with torch.no_grad():
        found = network(torch.from_numpy(rgb)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_graph_of_another_network_is_refused(street: Bundle) -> None:
    layer = EdgeLayer()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    with pytest.raises(BundleError, match="does not hold") as raised:
        load_graph_weights(street, street.manifest.graphs.encoder, layer)
    assert "--init" in raised.value.hint
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_an_absent_graph_is_named(street: Bundle) -> None:
    with pytest.raises(BundleError, match="lacks a graph"):
        load_graph_weights(street, None, EdgeLayer())


def test_a_bundle_of_another_normalisation_is_refused(street: Bundle) -> None:
    require_same_normalization(street)
    coding = ThermalNormalization(offset_kelvin=283.15, scale_kelvin=30.0)
    with pytest.raises(BundleError, match=r"around 283\.15 K in units of 30 K"):
        require_same_normalization(
            Bundle(street.path, replace(street.manifest, thermal_normalization=coding))
        )
