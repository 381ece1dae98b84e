"""Bundles loaded on the stand-in GPU, and frames for them."""

import numpy as np

from thermalsdk import Synthesizer


def load(bundle, backend="tensorrt", **options):
    return Synthesizer.load(bundle, backend=backend, threads=1, warmup=False, **options)


def frame(size, seed=0):
    """Colours, and a class map of three classes."""
    rng = np.random.default_rng(seed)
    labels = np.full(size, 2, np.uint8)
    labels[: size[0] // 3] = 1
    labels[size[0] // 2 :, 10:50] = 8
    return rng.integers(0, 256, (*size, 3), np.uint8), labels
