"""Pictures of measured costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thermalsdk.bench import machine


def draw_costs(report: dict[str, Any], out: Path) -> None:
    """Draw a frame's time by its size, and by how many classes share it."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (by_size, by_classes) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    widths = [int(width) for width in report["width_ms"]]
    megapixels = [width * width * 3 / 4 / 1e6 for width in widths]
    by_size.plot(megapixels, list(report["width_ms"].values()), "o-", label="as loaded")
    whole = list(report["width_seen_whole_ms"].values())
    by_size.plot(megapixels, whole, "o:", label="all pixels seen")
    for x, y, width in zip(megapixels, whole, widths, strict=True):
        by_size.annotate(f"{width}", (x, y), xytext=(4, -11), textcoords="offset points", fontsize=8)
    by_size.legend(fontsize=8)
    by_size.set(xlabel="megapixels (the marks: pixels of width, 4:3)", ylabel="milliseconds a frame")
    counts = [int(count) for count in report["classes_ms"]]
    by_classes.plot(counts, list(report["classes_ms"].values()), "o-")
    by_classes.set(xlabel="classes in a 512x512 frame", ylabel="milliseconds a frame", ylim=(0, None))
    by_size.set_ylim(0, None)
    system = machine()
    figure.suptitle(
        f"class map given, {report['threads']} threads, {system['cpu']}, "
        f"ONNX Runtime {system['onnxruntime']}",
        fontsize=9,
    )
    figure.savefig(out, dpi=120)
