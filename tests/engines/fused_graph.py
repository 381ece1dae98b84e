"""The fused graph of a bundle, joined by the export's own code and put into the bundle unchecked."""

from dataclasses import replace
from pathlib import Path

from export.fused.graph import fused_model, fused_spec
from thermalsdk.bundle import Bundle, twin_name, write_manifest


def with_fused(directory: Path) -> Path:
    """Write it, and its half-precision twin where there are twins, into a bundle folder."""
    bundle = Bundle.open(directory)
    manifest, spec = bundle.manifest, fused_spec(bundle.manifest)
    for precision in ("fp32", "fp16") if bundle.offers("fp16") else ("fp32",):
        model = fused_model(bundle, precision)
        (directory / twin_name(spec, precision)).write_bytes(model.SerializeToString())
    write_manifest(directory, replace(manifest, graphs=replace(manifest.graphs, fused=spec)))
    return directory
