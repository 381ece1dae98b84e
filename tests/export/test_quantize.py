"""The segmenter in 8-bit integers: as good as in FP32, or refused."""

from pathlib import Path

import numpy as np
import pytest

from export import quantize
from export.quantize import QuantizationError, labelled_sets, quantize_segmenter
from thermalsdk._ops import sums_int8_exactly
from thermalsdk.bundle import Bundle, shipped_bundles
from train.data import Dataset
from train.scenes_dataset import prepare_scenes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("street" not in shipped_bundles(), reason="no shipped bundle"),
    pytest.mark.skipif(not sums_int8_exactly, reason="this CPU has no VNNI"),
]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    root = tmp_path_factory.mktemp("data")
    prepare_scenes(root / "scenes", 4, 2, (96, 128))
    return labelled_sets(root)


@pytest.fixture(scope="module")
def segmenter() -> Path:
    bundle = Bundle.open("street")
    assert bundle.manifest.graphs.segmenter is not None
    return bundle.path / bundle.manifest.graphs.segmenter.file


def test_scores_are_kept(segmenter: Path, sets: list[Dataset], tmp_path: Path) -> None:
    (scores,) = quantize_segmenter(segmenter, sets, tmp_path / "int8.onnx")
    assert scores["dataset"] == sets[0].name
    assert (tmp_path / "int8.onnx").stat().st_size < 0.4 * segmenter.stat().st_size
    rgb = sets[0].sample(sets[0].stems("val")[0]).rgb
    whole, quantized = (quantize._segment(path)(rgb) for path in (segmenter, tmp_path / "int8.onnx"))
    assert 0.9 < np.mean(whole == quantized) < 1


def test_a_loss_is_refused_and_leaves_nothing(
    segmenter: Path, sets: list[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "LEAST_SHARE", 1.5)
    with pytest.raises(QuantizationError, match="more than 2 %") as caught:
        quantize_segmenter(segmenter, sets, tmp_path / "int8.onnx")
    assert "--int8" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_labelled_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuantizationError, match="no prepared set with labels"):
        labelled_sets(tmp_path)
