"""Write `fused.onnx` and its half-precision twin into a bundle, checked against the graphs that they join."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnxruntime as ort

from export.frames import CheckFrame, Feed, check_frames, feeds
from export.fused.graph import CONDITIONS, CONTRASTS, fused_model, fused_spec
from export.graphs import BundleGraphs
from export.parity import ParityError
from thermalsdk.bundle import Bundle, GraphSpec, Manifest, twin_name
from thermalsdk.tolerances import Deviation, contrast_tolerance

logger = logging.getLogger(__name__)


def add_fused(bundle: Bundle, graphs: BundleGraphs, data: Path | None) -> Manifest:
    """Write the fused graph of a bundle, and its half-precision twin where the bundle has twins.

    Args:
        bundle: with its graphs, which are joined; the fused one goes beside them.
        graphs: the modules behind them, not needed here.
        data: folder of prepared sets to compare on, besides procedural scenes.

    Returns the manifest with the graph's inputs, outputs and parity.

    Raises:
        ParityError: its contrasts are not those of the layers at FP32.
        DatasetError: `data` holds no prepared set.
    """
    spec = fused_spec(bundle.manifest)
    compared = _expected(bundle, spec, check_frames(bundle, data))
    parity = {}
    for precision in ("fp32", "fp16") if bundle.offers("fp16") else ("fp32",):
        path = bundle.path / twin_name(spec, precision)
        path.write_bytes(fused_model(bundle, precision).SerializeToString())
        worst = _compare(path, compared)
        if not contrast_tolerance("onnxruntime", precision).allows(worst):
            raise ParityError(
                f"{path.name} differs from the layers one by one by up to {worst.mean:.1e} on average and "
                f"{worst.maximum:.1e} at most",
                "Leave --fp16 and --engines out; the bundle runs without it everywhere.",
            )
        logger.info("%s: %.1e from the layers on average", path.name, worst.mean)
        parity[path.name] = {
            "against": "the layers at fp32",
            "frames": len(compared),
            "contrasts": asdict(worst),
        }
    manifest = bundle.manifest
    return replace(manifest, graphs=replace(manifest.graphs, fused=spec), parity=manifest.parity | parity)


def _expected(bundle: Bundle, spec: GraphSpec, frames: Sequence[CheckFrame]) -> list[tuple[Feed, np.ndarray]]:
    """What the fused graph is given of each frame, and the contrasts [1,K,H,W] of the layers one by one."""
    encoder = bundle.manifest.graphs.encoder
    layers = [bundle.manifest.graphs.layers[name] for name in bundle.manifest.classes]
    sessions = [_session(bundle.path / layer.file) for layer in layers]
    compared = []
    for frame in frames:
        given = feeds(bundle, frame)
        own = [given[layer.file] for layer in layers]
        contrasts = [s.run(None, feed)[0] for s, feed in zip(sessions, own, strict=True)]
        conditions = np.concatenate([feed["condition"] for feed in own])
        compared.append((given[encoder.file] | {CONDITIONS: conditions}, np.concatenate(contrasts, 1)))
    return compared


def _compare(path: Path, compared: Sequence[tuple[Feed, np.ndarray]]) -> Deviation:
    """Worst difference of the contrasts over the frames."""
    session = _session(path)
    return Deviation.worst(
        [Deviation.of(session.run([CONTRASTS], feed)[0] - expected) for feed, expected in compared]
    )


def _session(path: Path) -> ort.InferenceSession:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
