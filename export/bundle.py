"""Write a bundle: graphs checked one by one, golden outputs, manifest; complete or absent."""

from __future__ import annotations

import logging
import platform
import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from export.graphs import ALIGNMENT, BundleGraphs, graphs_of, write_onnx
from export.parity import as_record, check_graph, pad_to_alignment
from export.quantize import quantize_segmenter
from export.run import TrainingRun
from export.staging import staged_folder
from export.trace import OPSET
from thermalsdk import Synthesizer
from thermalsdk.bundle import MANIFEST_NAME, Graphs, Manifest, ThermalNormalization, twin_name, write_manifest
from thermalsdk.scenes import StreetScene
from train.data import Dataset
from train.networks.edge import region_growth
from train.networks.labeller import REACH as LABELLER_REACH

logger = logging.getLogger(__name__)

GOLDEN = "golden.npz"
GOLDEN_SEED, GOLDEN_SIZE = 7, (192, 256)


def write_bundle(
    run: TrainingRun, out: Path, name: str, card: Path | None = None, int8_sets: Sequence[Dataset] = ()
) -> Path:
    """Export a run.

    Args:
        run: the trained networks.
        out: the bundle's folder; replaced if it holds a bundle, refused if it holds anything else.
        name: of the bundle.
        card: model card to put beside the graphs, as MODEL_CARD.md.
        int8_sets: labelled sets that calibrate and judge a segmenter in 8-bit integers; none, none is made.

    Raises:
        OutputError: `out` holds something that is no bundle.
        ParityError: a graph does not compute what its module computes; `out` is left as it was.
        QuantizationError: the segmenter is worse in 8-bit integers; likewise.
    """
    with staged_folder(out, MANIFEST_NAME) as stage:
        if card is not None:
            shutil.copyfile(card, stage / "MODEL_CARD.md")
        _fill(stage, run, name, int8_sets)
    return out


def _fill(stage: Path, run: TrainingRun, name: str, int8_sets: Sequence[Dataset]) -> None:
    graphs = graphs_of(run)
    frames = [_scene_tensor(seed) for seed in (0, 1)]
    parities = []
    for graph in tqdm(graphs.all(), desc="export"):
        path = write_onnx(graph, stage)
        parities.append(check_graph(graph, path, frames))
        logger.info("%s: %.1e from PyTorch", graph.file, parities[-1].max_difference)
    parity: dict[str, Any] = dict(as_record(parities))
    if int8_sets:
        twin = twin_name(graphs.segmenter.spec(), "int8")
        scores = quantize_segmenter(stage / graphs.segmenter.file, int8_sets, stage / twin)
        parity |= {twin: {"scores": scores}}
    manifest = _manifest(run, graphs, name, parity)
    write_manifest(stage, manifest)
    _write_golden(stage)
    write_manifest(stage, replace(manifest, golden=GOLDEN))


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


def _write_golden(directory: Path) -> None:
    """What this machine's run time makes of a procedural frame: others compare theirs with it."""
    scene = StreetScene(GOLDEN_SEED, *GOLDEN_SIZE).render(0.0)
    with Synthesizer.load(directory, device="cpu", precision="fp32", threads=1) as synth:
        auto = synth(scene.rgb)
        given = synth(scene.rgb, labels=scene.labels, thermal_labels=auto.thermal_labels)
    np.savez_compressed(
        directory / GOLDEN,
        rgb=scene.rgb,
        labels=scene.labels,
        thermal_labels=auto.thermal_labels,
        kelvin=given.kelvin,
        auto_labels=auto.labels,
        auto_kelvin=auto.kelvin,
    )


def _scene_tensor(seed: int) -> torch.Tensor:
    rgb = StreetScene(seed, 240, 320).render(0.0).rgb
    return pad_to_alignment(torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255)
