"""The networks that are exported, whether a training run or a bundle holds their weights."""

from __future__ import annotations

from dataclasses import dataclass

from thermalsdk.bundle import Bundle
from train.initial_weights import load_graph_weights
from train.layergan import load_generator
from train.networks.edge import EdgeGenerator
from train.networks.labeller import Labeller
from train.networks.segmenter import Segmenter


@dataclass(frozen=True)
class TrainedNetworks:
    """Every network of a bundle, in evaluation mode."""

    generator: EdgeGenerator
    segmenter: Segmenter
    labeller: Labeller


def networks_of(bundle: Bundle) -> TrainedNetworks:
    """The networks that a bundle was exported from, with the weights that its FP32 graphs hold.

    Raises:
        BundleError: it lacks a segmenter or a labeller, or was made by networks of another shape.
    """
    manifest = bundle.manifest
    coding = manifest.thermal_normalization
    generator = EdgeGenerator(manifest.classes, pretrained=False)
    segmenter = Segmenter(manifest.classes, pretrained=False)
    labeller = Labeller(manifest.classes, coding.offset_kelvin, coding.scale_kelvin, pretrained=False)
    load_generator(bundle, generator)
    load_graph_weights(bundle, manifest.graphs.segmenter, segmenter)
    load_graph_weights(bundle, manifest.graphs.labeller, labeller)
    return TrainedNetworks(generator.eval(), segmenter.eval(), labeller.eval())
