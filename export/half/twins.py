"""Write the half-precision twin of every graph: from its module, audited, compared with FP32."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from export.frames import Feed, at_extremes, check_frames, feeds
from export.graphs import BundleGraphs, Graph, write_onnx
from export.half.audit import audit, modules_behind
from export.half.module import in_half, sensitive_parts
from export.half.parity import MEASURES, PRECISION, compare_frames, compare_graph
from thermalsdk.bundle import Bundle, Manifest, twin_name, write_manifest
from thermalsdk.errors import ThermalSDKError

logger = logging.getLogger(__name__)

#: Share of its weights from which a graph is called half.
LEAST_SHARE = 0.5


class HalfPrecisionError(ThermalSDKError):
    """A graph has numbers that half does not hold, whatever part of it stays float32."""


def add_half_twins(bundle: Bundle, graphs: BundleGraphs, data: Path | None) -> Manifest:
    """Write `<name>.fp16.onnx` for every graph of a bundle, and put into the manifest what was measured.

    A part whose numbers half does not hold stays float32; the audit finds it.

    Args:
        bundle: with its FP32 graphs; the twins go beside them.
        graphs: the modules that it was exported from.
        data: folder of prepared sets to audit and compare on, besides procedural scenes.

    Returns the manifest with the parity of the twins.

    Raises:
        ParityError: a twin, or the frames made with all of them, are too far from FP32.
        HalfPrecisionError: no choice of float32 parts helps.
        DatasetError: `data` holds no prepared set.
    """
    frames = check_frames(bundle, data)
    seen = [feeds(bundle, frame) for frame in frames]
    extreme = [feeds(bundle, frame) for frame in at_extremes(frames[0])]
    parity: dict[str, Any] = {}
    half_seen = seen
    for graph in tqdm(graphs.all(), desc="half"):
        own = [feed[graph.file] for feed in seen]
        twin, audited = _write_twin(graph, bundle.path, own, [feed[graph.file] for feed in extreme])
        if graph is graphs.encoder:
            half_seen = [feeds(bundle, frame, twin.read_bytes()) for frame in frames]
        half_own = [feed[graph.file] for feed in half_seen]
        measured = compare_graph(bundle, graph.spec(), twin, own, half_own)
        parity[twin.name] = {"outputs": measured, "audit": audited}
    manifest = write_manifest(bundle.path, replace(bundle.manifest, parity=bundle.manifest.parity | parity))
    kelvin = compare_frames(Bundle(bundle.path, manifest), frames)
    logger.info("half precision: %.1e K from FP32 on average", kelvin["mean"])
    summary = {"against": "fp32", "measures": MEASURES, "frames": len(frames), "kelvin": kelvin}
    return replace(manifest, parity=manifest.parity | {PRECISION: summary})


def _write_twin(
    graph: Graph, directory: Path, seen: Sequence[Feed], extreme: Sequence[Feed]
) -> tuple[Path, dict[str, Any]]:
    """Write a twin whose half tensors all fit half. Returns its path and the record of its audit."""
    whole = dict(graph.module.named_parameters())
    file = twin_name(graph.spec(), PRECISION)
    parts = sensitive_parts(graph.module)
    misfits: dict[str, dict[str, float]] = {}
    while True:
        half = in_half(graph.module, parts)
        halves = [name for name, value in half.named_parameters() if value.dtype == torch.float16]
        share = sum(whole[n].numel() for n in halves) / max(1, sum(p.numel() for p in whole.values()))
        if share < LEAST_SHARE:
            raise _refusal(
                f"only {share:.0%} of the weights of {graph.file} would be half: {sorted(misfits)}"
            )
        path = write_onnx(replace(graph, file=file, module=half), directory)
        found = audit(path, {n: whole[n].detach().numpy() for n in halves}, [*seen, *extreme])
        if not found.misfits():
            break
        fresh = modules_behind(path, found.misfits()) - parts
        if not fresh:
            raise _refusal(f"{graph.file} has numbers that half does not hold: {sorted(found.misfits())}")
        logger.warning("%s: float32 for %s, because of %s", path.name, sorted(fresh), found.misfits())
        misfits |= {tensor: asdict(magnitudes) for tensor, magnitudes in found.misfits().items()}
        parts |= fresh
    return path, {
        "frames": len(seen) + len(extreme),
        **found.as_record(),
        "half_share_of_weights": round(share, 4),
        "float32_parts": sorted(parts),
        "misfits": misfits,
    }


def _refusal(message: str) -> HalfPrecisionError:
    return HalfPrecisionError(message, "Leave --fp16 out, and train with less extreme weights.")
