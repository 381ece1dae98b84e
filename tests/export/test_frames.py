"""Frames that graphs are compared on are what the networks see."""

from pathlib import Path

import numpy as np

from export.frames import SCENE_SIZE, check_frames
from tests.sdk.known_side import copy_that_knows
from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Synthesizer
from thermalsdk.bundle import Bundle
from thermalsdk.reduction import picked


def test_large_frames_are_compared_reduced(tmp_path: Path) -> None:
    tiny = write_tiny_bundle(tmp_path / "tiny")
    bundle = Bundle.open(copy_that_knows(tiny, 120, tmp_path / "half"))
    whole, halved = check_frames(Bundle.open(tiny), None)[0], check_frames(bundle, None)[0]
    assert whole.labels.shape == tuple(-(-side // 32) * 32 for side in SCENE_SIZE)
    height, width = (side // 2 for side in SCENE_SIZE)
    assert halved.labels.shape == (-(-height // 32) * 32, -(-width // 32) * 32)
    means = whole.rgb[:240, :320].reshape(height, 2, width, 2, 3).mean((1, 3))
    np.testing.assert_allclose(halved.rgb[:height, :width], means, atol=0.5)
    with Synthesizer.load(bundle.path, device="cpu") as synth:
        made = synth(whole.rgb[:240, :320], labels=whole.labels[:240, :320])
    np.testing.assert_array_equal(halved.thermal_labels[:height, :width], picked(made.thermal_labels, 2))
