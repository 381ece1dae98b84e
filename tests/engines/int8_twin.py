"""The 8-bit segmenter for TensorRT of a bundle, quantised by the export's own code on two small frames."""

from pathlib import Path

from export.quantize import FOR_TENSORRT, labelled_sets, write_form
from thermalsdk.bundle import Bundle
from train.scenes_dataset import prepare_scenes


def symmetric_segmenter(bundle: Bundle, folder: Path) -> bytes:
    """Quantise it in an empty folder, without looking at its scores."""
    segmenter = bundle.manifest.graphs.segmenter
    assert segmenter is not None
    prepare_scenes(folder / "scenes", 2, 1, (96, 128))
    out = folder / "quantised.onnx"
    write_form(
        bundle.path / segmenter.file,
        labelled_sets(folder),
        FOR_TENSORRT,
        out,
        bundle.manifest.known_side_pixels,
    )
    return out.read_bytes()
