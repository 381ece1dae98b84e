"""The bundle's golden frame on every backend, compared by the one table of tolerances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.bundle import Bundle
from thermalsdk.errors import BackendUnavailable, BundleError, PrecisionError, ThermalSDKError
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.tolerances import (
    FP16_CHANGED_CLASSES,
    FP32_CHANGED_CLASSES,
    INT8_CHANGED_CLASSES,
    contrast_tolerance,
)

#: What may run a bundle, and at which precisions; on another GPU a user loads it by hand.
_PLACES = (
    ("onnxruntime", "cpu", ("fp32", "fp16", "int8")),
    ("onnxruntime", "cuda:0", ("fp32", "fp16")),
    ("tensorrt", "cuda:0", ("fp32", "fp16")),
)

PASS, FAIL, ABSENT = "PASS", "FAIL", "absent"

#: Share of pixels whose predicted class may differ.
CHANGED_CLASSES = {
    "fp32": FP32_CHANGED_CLASSES,
    "fp16": FP16_CHANGED_CLASSES,
    "int8": INT8_CHANGED_CLASSES,
}


@dataclass(frozen=True)
class GoldenResult:
    """One backend at one precision.

    Args:
        backend: "onnxruntime" or "tensorrt".
        device: "cpu" or "cuda:0".
        precision: "fp32", "fp16" or "int8".
        status: "PASS", "FAIL", or "absent" where this machine cannot have it.
        providers: what really ran the graphs.
        max_difference: largest difference of the contrast, in [-1, 1], with the golden class map given; None
            where it could not be run.
        mean_difference: its mean.
        labels_agree: share of pixels whose predicted class is the golden one; None if nothing predicts them.
        detail: why it failed or is absent, or "".
    """

    backend: str
    device: str
    precision: str
    status: str
    providers: tuple[str, ...] = ()
    max_difference: float | None = None
    mean_difference: float | None = None
    labels_agree: float | None = None
    detail: str = ""


def compare_backends(bundle: Bundle) -> Iterator[GoldenResult]:
    """Run the golden frame everywhere. Raises BundleError when the bundle has none."""
    golden = _read(bundle)
    for backend, device, precisions in _PLACES:
        for precision in precisions:
            if bundle.offers(precision):
                yield _test(bundle, golden, backend, device, precision)


def _read(bundle: Bundle) -> dict[str, npt.NDArray[Any]]:
    if bundle.manifest.golden is None:
        raise BundleError(
            f"the bundle {bundle.path} has no golden outputs to compare with",
            "Write it again with `python -m export`.",
        )
    with np.load(bundle.path / bundle.manifest.golden, allow_pickle=False) as arrays:
        return dict(arrays)


def _test(
    bundle: Bundle, golden: dict[str, npt.NDArray[Any]], backend: str, device: str, precision: str
) -> GoldenResult:
    try:
        return _compare(bundle, golden, backend, device, precision)
    except ThermalSDKError as error:
        # An engine with too little half precision was built here: the backend is not absent.
        absent = isinstance(error, BackendUnavailable) and not isinstance(error, PrecisionError)
        return GoldenResult(backend, device, precision, ABSENT if absent else FAIL, detail=error.message)


def _compare(
    bundle: Bundle, golden: dict[str, npt.NDArray[Any]], backend: str, device: str, precision: str
) -> GoldenResult:
    tolerance = contrast_tolerance(backend, precision)
    with Synthesizer.load(
        bundle.path, backend=backend, device=device, precision=precision, warmup=False
    ) as synthesizer:
        # A backend may have kept what it was given before.
        synthesizer(~golden["rgb"], labels=golden["labels"], thermal_labels=golden["thermal_labels"] + 5)
        given = synthesizer(
            golden["rgb"], labels=golden["labels"], thermal_labels=golden["thermal_labels"]
        ).kelvin
        agree = None
        if synthesizer.info.predicts_labels and synthesizer.info.predicts_temperatures:
            agree = float((synthesizer(golden["rgb"]).labels == golden["auto_labels"]).mean())
        providers = synthesizer.info.providers
    difference = np.abs(given - golden["kelvin"]) / bundle.manifest.contrast_kelvin
    problems = []
    if not tolerance.accepts(difference):
        problems.append(f"the contrast differs by more than {tolerance} allows")
    if np.ptp(given) == 0:
        problems.append("the frame is constant")
    if agree is not None and 1 - agree > CHANGED_CLASSES[precision]:
        problems.append(f"only {agree:.2%} of the predicted classes agree")
    return GoldenResult(
        backend=backend,
        device=device,
        precision=precision,
        status=FAIL if problems else PASS,
        providers=providers,
        max_difference=float(f"{difference.max():.1e}"),
        mean_difference=float(f"{difference.mean():.1e}"),
        labels_agree=agree,
        detail="; ".join(problems),
    )
