"""Bundles: a folder of ONNX graphs with a manifest that describes, orders and hashes them."""

from thermalsdk.bundle.bundle import INT8_SYMMETRIC, Bundle, shipped_bundles, twin_name
from thermalsdk.bundle.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    FileEntry,
    Graphs,
    GraphSpec,
    Manifest,
    TensorSpec,
    ThermalNormalization,
    write_manifest,
)

__all__ = [
    "INT8_SYMMETRIC",
    "MANIFEST_NAME",
    "SCHEMA_VERSION",
    "Bundle",
    "FileEntry",
    "GraphSpec",
    "Graphs",
    "Manifest",
    "TensorSpec",
    "ThermalNormalization",
    "shipped_bundles",
    "twin_name",
    "write_manifest",
]
