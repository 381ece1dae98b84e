"""From a checked request to a thermal frame, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from thermalsdk.frame import Frame, Timing
from thermalsdk.networks import Networks
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.request import Request
from thermalsdk.temperatures import Temperatures


def synthesize(
    networks: Networks,
    request: Request,
    classes: Sequence[str],
    turn: AbstractContextManager[object] = nullcontext(),  # noqa: B008, it has no state
) -> Frame:
    """Run every stage.

    Args:
        networks: of the bundle; nobody else uses them meanwhile.
        request: what is asked for.
        classes: the bundle's, in painter's order.
        turn: entered where a frame needs what came of the one before it, so that frames of one video may be
            made at the same time and still follow each other.

    Raises BundleError when the bundle cannot predict what is missing, and InferenceError.
    """
    labels, temperatures, thermal_labels = request.labels, request.temperatures, request.thermal_labels
    networks.require(
        segmenter=labels is None,
        labeller=thermal_labels is None and not isinstance(temperatures, Temperatures),
    )
    clock = _Clock(request.start)
    prepared = networks.prepare(request.rgb)
    prepare_ms = clock.lap()
    segmenter_ms = 0.0
    if labels is None:
        labels = networks.segment(prepared)
        segmenter_ms = clock.lap()
    class_map = networks.analyse(labels, request.instances)
    surfaces = None
    if thermal_labels is None:
        if isinstance(temperatures, Temperatures):
            thermal_labels = class_map.thermal_labels(temperatures, classes)
            surfaces = temperatures.surfaces(classes)
        else:
            means = networks.predict_temperatures(prepared, class_map)
            if isinstance(temperatures, PredictedTemperatures):
                with turn:
                    means = temperatures.follow(labels, class_map.objects.ids(), means)
            thermal_labels = class_map.thermal_labels_of(means)
    temperatures_ms = clock.lap()
    encoded = networks.encode(prepared)
    encoder_ms = clock.lap()
    contrasts = networks.contrasts(encoded, class_map, thermal_labels)
    layers_ms = clock.lap()
    kelvin = networks.compose(class_map, contrasts, thermal_labels, request.out)
    timing = Timing(
        prepare=prepare_ms,
        segmenter=segmenter_ms,
        temperatures=temperatures_ms,
        encoder=encoder_ms,
        layers=layers_ms,
        composite=clock.lap(),
        total=clock.total(),
        classes=contrasts.milliseconds(classes),
    )
    return Frame(kelvin, labels, thermal_labels, timing, surfaces=surfaces)


class _Clock:
    """Milliseconds between laps."""

    def __init__(self, start: float) -> None:
        self._start = self._last = start

    def lap(self) -> float:
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        return elapsed * 1e3

    def total(self) -> float:
        return (self._last - self._start) * 1e3
