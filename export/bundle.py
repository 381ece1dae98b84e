"""Write a bundle: graphs checked one by one, golden outputs, manifest; complete or absent."""

from __future__ import annotations

import logging
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from export.graphs import ALIGNMENT, BundleGraphs, graphs_of, write_onnx
from export.networks import networks_of
from export.parity import as_record, check_graph
from export.run import TrainingRun
from export.staging import staged
from export.trace import OPSET
from thermalsdk import Synthesizer
from thermalsdk.bundle import (
    MANIFEST_NAME,
    Bundle,
    Graphs,
    Manifest,
    ThermalNormalization,
    write_manifest,
)
from thermalsdk.bundle.manifest import MIN_SIDE
from thermalsdk.scenes import SCENE_IDS, StreetScene
from train.networks.backbone import padded_to_stride
from train.networks.edge import region_growth
from train.networks.labeller import REACH as LABELLER_REACH

logger = logging.getLogger(__name__)

CARD = "MODEL_CARD.md"
GOLDEN = "golden.npz"
GOLDEN_SEED, GOLDEN_SIZE = 7, (192, 256)

#: Puts files beside the FP32 graphs of a bundle in the making, made from these modules; returns the manifest
#: with what it has to say about them.
Addition = Callable[[Bundle, BundleGraphs], Manifest]


def write_bundle(
    run: TrainingRun, out: Path, name: str, card: Path | None = None, additions: Sequence[Addition] = ()
) -> Path:
    """Export a run.

    Args:
        run: the trained networks.
        out: the bundle's folder; replaced if it holds a bundle, refused if it holds anything else.
        name: of the bundle.
        card: model card to put beside the graphs, as MODEL_CARD.md.
        additions: what the bundle gets besides its FP32 graphs.

    Raises:
        OutputError: `out` holds something that is no bundle, or cannot be written.
        ParityError: a graph does not compute what its module computes.
        ThermalSDKError: whatever else an addition refuses. `out` is left as it was by any error.
    """
    with staged(out, MANIFEST_NAME) as stage:
        if card is not None:
            shutil.copyfile(card, stage / CARD)
        graphs = graphs_of(run)
        _write_graphs(stage, run, graphs, name)
        _add(stage, graphs, additions)
    return out


def extend_bundle(
    bundle: Bundle, out: Path, card: Path | None = None, additions: Sequence[Addition] = ()
) -> Path:
    """Copy a bundle and put more into the copy. Its FP32 graphs stay the same files.

    Args:
        bundle: a shipped one or a folder.
        out: the copy's folder, as in `write_bundle`, and its name; may be the bundle's own.
        card: model card to replace the bundle's.
        additions: what the copy gets.

    Raises what `write_bundle` raises, and BundleError for a bundle whose networks this version does not have.
    """
    graphs = graphs_of(networks_of(bundle))
    with staged(out, MANIFEST_NAME) as stage:
        for name in (*bundle.manifest.files, MANIFEST_NAME):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path / name, stage / name)
        if card is not None:
            shutil.copyfile(card, stage / CARD)
        write_manifest(stage, replace(bundle.manifest, name=out.absolute().name))
        _add(stage, graphs, additions)
    return out


def _write_graphs(stage: Path, run: TrainingRun, graphs: BundleGraphs, name: str) -> None:
    frames = [_scene_tensor(seed) for seed in (0, 1)]
    parities = []
    for graph in tqdm(graphs.all(), desc="export"):
        path = write_onnx(graph, stage)
        parities.append(check_graph(graph, path, frames))
        logger.info("%s: %.1e from PyTorch", graph.file, parities[-1].max_difference)
    manifest = _manifest(run, graphs, name, as_record(parities))
    write_manifest(stage, manifest)
    _write_golden(stage)
    write_manifest(stage, replace(manifest, golden=GOLDEN))


def _add(stage: Path, graphs: BundleGraphs, additions: Sequence[Addition]) -> None:
    for add in additions:
        write_manifest(stage, add(Bundle.open(stage), graphs))


def _manifest(run: TrainingRun, graphs: BundleGraphs, name: str, parity: dict[str, Any]) -> Manifest:
    settings = run.settings
    reach = LABELLER_REACH * settings["scale_kelvin"]
    return Manifest(
        name=name,
        classes=run.generator.classes,
        graphs=Graphs(
            encoder=graphs.encoder.spec(),
            layers={k: g.spec() for k, g in graphs.layers.items()},
            segmenter=graphs.segmenter.spec(),
            labeller=graphs.labeller.spec(),
        ),
        kelvin_range=(settings["offset_kelvin"] - reach, settings["offset_kelvin"] + reach),
        radiometric=False,
        alignment=ALIGNMENT,
        contrast_kelvin=settings["contrast_kelvin"],
        feather_pixels=settings["feather_pixels"],
        region_growth_pixels=region_growth(settings["feather_pixels"]),
        known_side_pixels=known_side(run.records["segmenter"]),
        thermal_normalization=ThermalNormalization(settings["offset_kelvin"], settings["scale_kelvin"]),
        opset=OPSET,
        producers={p: version(p) for p in ("torch", "onnx", "onnxscript", "onnxruntime", "thermalsdk")}
        | {"python": platform.python_version()},
        training={
            stage: {"steps": record["steps_done"], "seed": record["seed"], "data": record["data"]}
            | ({"start": record["start"]} if "start" in record else {})
            for stage, record in run.records.items()
        },
        parity=parity,
    )


def known_side(segmenter: Mapping[str, Any]) -> int:
    """Shorter side of the frames that a segmenter knows best, by its record.

    The mean of the sets that it learned from, by share; or what the bundle says that it was taken from.
    """
    if "known_side_pixels" in segmenter:
        return int(segmenter["known_side_pixels"])
    sets = [source for source in segmenter["data"] if "side" in source]  # cut-outs and older runs have none
    shares = sum(source["share"] for source in sets)
    if not shares:
        return Manifest.known_side_pixels
    return max(MIN_SIDE, round(sum(source["share"] * source["side"] for source in sets) / shares))


def _write_golden(directory: Path) -> None:
    """What this machine's run time makes of a procedural frame: others compare theirs with it."""
    scene = StreetScene(GOLDEN_SEED, *GOLDEN_SIZE).render(0.0)
    with Synthesizer.load(directory, device="cpu", precision="fp32", threads=1) as synth:
        auto = synth(scene.rgb)
        given = synth(scene.rgb, labels=scene.labels, label_ids=SCENE_IDS, thermal_labels=auto.thermal_labels)
    np.savez_compressed(
        directory / GOLDEN,
        rgb=scene.rgb,
        labels=given.labels,
        thermal_labels=auto.thermal_labels,
        kelvin=given.kelvin,
        auto_labels=auto.labels,
        auto_kelvin=auto.kelvin,
    )


def _scene_tensor(seed: int) -> torch.Tensor:
    rgb = StreetScene(seed, 240, 320).render(0.0).rgb
    return padded_to_stride(torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255)
