"""A bundle of tiny networks with everything that export can put into one."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx import ModelProto
from torch.onnx._internal.exporter._registration import ONNXRegistry

from export.bundle import _manifest
from export.fused.write import add_fused
from export.graphs import BundleGraphs, graphs_of, write_onnx
from export.half import add_half_twins
from export.pipeline import add_pipeline, write
from tests.export.tiny_networks import tiny_run
from thermalsdk.bundle import Bundle, write_manifest


@pytest.fixture(scope="session", autouse=True)
def translations() -> Iterator[None]:
    """PyTorch's translations of operators, collected once: it does so, for a second, in every export."""
    with pytest.MonkeyPatch.context() as patch:
        collected = functools.cache(ONNXRegistry.from_torchlib)
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(collected))
        yield


@pytest.fixture(scope="session")
def half_bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BundleGraphs]:
    """FP32 graphs, half-precision twins, and the modules behind them."""
    run, folder = tiny_run(), tmp_path_factory.mktemp("tiny")
    graphs = graphs_of(run)
    for graph in graphs.all():
        write_onnx(graph, folder)
    write_manifest(folder, _manifest(run, graphs, "tiny", {}))
    write_manifest(folder, add_half_twins(Bundle.open(folder), graphs, None))
    return folder, graphs


@pytest.fixture(scope="session")
def ends(half_bundle: tuple[Path, BundleGraphs]) -> tuple[ModelProto, ModelProto]:
    """What a pipeline has before and after its graphs."""
    return write._ends(Bundle.open(half_bundle[0]).manifest, None)


@pytest.fixture(scope="session")
def full_bundle(half_bundle: tuple[Path, BundleGraphs], ends: tuple[ModelProto, ModelProto]) -> Bundle:
    """The same with a fused graph, and a pipeline for any size, in both precisions."""
    folder, graphs = half_bundle
    write_manifest(folder, add_fused(Bundle.open(folder), graphs, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "_ends", lambda manifest, size: ends)
        write_manifest(folder, add_pipeline(Bundle.open(folder), graphs, None, None))
    return Bundle.open(folder)
