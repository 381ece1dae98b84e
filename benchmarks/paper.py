"""The paper's network at its own size: parameters, multiply-adds, one training step, one exported frame.

python benchmarks/paper.py [--size 512] [--cap 512] [--quick] [--json FILE]

The step is one frame of the procedural street in bfloat16 and takes 16 GB at 512x512; --quick: 128x128.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from common.report import leave
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# `train` and `export` are run from the checkout and not installed.
sys.path.insert(0, str(Path(__file__).parents[1]))
from export.methods import ClassLayer
from export.trace import trace
from thermalsdk.labels import STREET_CLASSES
from train.methods import FrameInputs
from train.methods.layered import PaperMethod
from train.mixture import Mixture
from train.networks.paper import PaperLayer
from train.scenes_dataset import prepare_scenes
from train.thermal_batch import LabelledMixture, ThermalBatch, WindowRules, draw_thermal_batch


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--cap", type=int, default=512, help="most channels")
    parser.add_argument("--quick", action="store_true", help="128x128, 64 channels")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    size, cap = (128, 64) if args.quick else (args.size, args.cap)
    layer = PaperLayer(size, cap=cap).eval()
    report: dict[str, Any] = {"size": size, "cap": cap, "layer": count(layer, size)}
    report["classes"] = len(STREET_CLASSES)
    report["exported_layer"] = run_exported(layer, size)
    report["training_step"] = train_once(size, cap)
    leave({"paper": report}, args.json)


def count(layer: PaperLayer, size: int) -> dict[str, dict[str, float]]:
    """Millions of parameters and billions of multiply-adds, of encoder and synthesis and both together.

    The paper's parts for comparison: ResNet-18 without its classifier has 11.2 M parameters, StyleGAN2's
    generator at 512 (config F) 30.0 M with its mapping network.
    """
    with FlopCounterMode(display=False) as flops:
        latent, noises = layer.encode(torch.zeros(1, 5, size, size))
        encoder = flops.get_total_flops()
        layer.decode(latent, noises)
        total = flops.get_total_flops()
    synthesis = sum(p.numel() for p in layer.synthesis.parameters())
    both = sum(p.numel() for p in layer.parameters())
    return {
        "encoder": {"parameters_m": (both - synthesis) / 1e6, "gmac": encoder / 2e9},
        "synthesis": {"parameters_m": synthesis / 1e6, "gmac": (total - encoder) / 2e9},
        "both": {"parameters_m": both / 1e6, "gmac": total / 2e9},
    }


def run_exported(layer: nn.Module, size: int) -> dict[str, float]:
    """Seconds of one class's layer in ONNX Runtime (second run), and megabytes of its file."""
    inputs = {"rgb": torch.rand(1, 3, size, size), "condition": torch.rand(1, 2, size, size)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.onnx"
        model = trace(ClassLayer(layer), tuple(inputs.values()), list(inputs), ["contrast"])
        path.write_bytes(model.SerializeToString())
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        feed = {name: value.numpy() for name, value in inputs.items()}
        session.run(None, feed)
        start = time.perf_counter()
        session.run(None, feed)
        return {"seconds": time.perf_counter() - start, "megabytes": path.stat().st_size / 1e6}


def train_once(size: int, cap: int) -> dict[str, float]:
    """Seconds of one generator and one critic update on one frame, every class that it holds included."""
    method = PaperMethod(size, cap)
    batch = street_batch(size)
    rng = torch.Generator().manual_seed(0)
    generator = torch.optim.Adam(method.generator.parameters(), method.rates[0], method.betas)
    critics = torch.optim.Adam(method.opponents.parameters(), method.rates[1], method.opponent_betas)
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16):
        made = method.generate(FrameInputs.of(batch))
    critic_loss = method.opponent_loss(batch, made, rng)
    critic_loss.backward()
    critics.step()
    loss, _ = method.generator_loss(batch, made, rng, adversarial=True)
    generator.zero_grad()
    loss.backward()
    generator.step()
    return {
        "seconds": time.perf_counter() - start,
        "classes_in_frame": len(torch.unique(batch.labels)),
        "parameters_m": sum(p.numel() for p in method.generator.parameters()) / 1e6,
        "loss": loss.item(),
    }


def street_batch(size: int) -> ThermalBatch:
    """One procedural frame, its height scaled to `size`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare_scenes(root / "scenes", 1, 1, (480, 640))
        frames = LabelledMixture(Mixture(root, {"scenes": 1.0}, "shares"), {})
        scale = size / 480
        rules = WindowRules(1, (size, size), (scale, scale), object_share=1.0, segmented_share=0.0)
        return draw_thermal_batch(frames, rules, 0, 0)


if __name__ == "__main__":
    main()
