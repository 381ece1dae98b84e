"""A bundle of tiny networks with everything that export can put into one."""

import pytest

from export.bundle import _manifest
from export.graphs import graphs_of, write_onnx
from export.half import add_half_twins
from export.pipeline import add_pipeline
from tests.export.tiny_networks import tiny_run
from thermalsdk.bundle import Bundle, write_manifest


@pytest.fixture(scope="session")
def full_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """FP32 graphs, half-precision twins, and a pipeline for any size in both precisions."""
    run, folder = tiny_run(), tmp_path_factory.mktemp("tiny")
    graphs = graphs_of(run)
    for graph in graphs.all():
        write_onnx(graph, folder)
    write_manifest(folder, _manifest(run, graphs, "tiny", {}))
    write_manifest(folder, add_half_twins(Bundle.open(folder), graphs, None))
    write_manifest(folder, add_pipeline(Bundle.open(folder), graphs, None, None))
    return Bundle.open(folder)
