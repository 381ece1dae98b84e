"""`thermalsdk demo`: procedural streets through a bundle, as a simulator engineer would use it."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermalsdk.cli.console import load, progress, report
from thermalsdk.cli.contact_sheet import Column, contact_sheet
from thermalsdk.cli.pictures import side_by_side
from thermalsdk.cli.scene_options import open_camera
from thermalsdk.display import gain_limits
from thermalsdk.errors import OutputError
from thermalsdk.formats import Provenance, ThermalImage
from thermalsdk.formats.ffv1 import ThermalVideoSink
from thermalsdk.frame import Frame
from thermalsdk.partial import write_whole
from thermalsdk.scenes import HELD_OUT, SCENE_IDS, Conditions, SceneFrame, StreetScene
from thermalsdk.streaming import Finish
from thermalsdk.synthesizer import Synthesizer
from thermalsdk.temperatures import Temperatures
from thermalsdk.temperatures.limits import CELSIUS_ZERO
from thermalsdk.video import SourceFrame
from thermalsdk.video.display_sinks import DisplayVideoSink, save_picture
from thermalsdk.video.source import numbered_name

_SIZE = (480, 640)
_RATE = 15.0
#: Streets of the demo: two in the sun, one under clouds, one at night.
_SEEDS = tuple(HELD_OUT + number for number in (44, 50, 42, 48))
#: What the networks get, as a simulator has it; the contact sheet shows colour alone as well.
_GIVEN = "colour, class map, object ids, mean temperature of each object"
#: Share of covered sky from which the sun does not show.
_OVERCAST = 0.75


@dataclass(frozen=True)
class _Shot:
    """One rendered frame.

    Args:
        scene: colour, class map, instances and true kelvin.
        conditions: its street's weather.
        first: whether its street begins with it.
        shown: whether the contact sheet shows it.
    """

    scene: SceneFrame
    conditions: Conditions
    first: bool
    shown: bool


def demo(options: argparse.Namespace) -> None:
    """Write a side-by-side video, 16-bit kelvin and a contact sheet, and report frames per second."""
    out = _make_folder(Path(options.out))
    video, kelvin, sheet = out / "thermal.mp4", out / "thermal_kelvin.mkv", out / "contact_sheet.png"
    columns: list[Column] = []
    milliseconds: list[float] = []
    camera = open_camera(options)
    start = time.perf_counter()
    with ExitStack() as stack:
        display = stack.enter_context(DisplayVideoSink(video, _RATE))
        raw16 = stack.enter_context(ThermalVideoSink(kelvin, _RATE))
        synthesizer = stack.enter_context(load(options))
        classes = synthesizer.info.classes
        provenance = Provenance.of(synthesizer.info, None if camera is None else camera.hash)
        ids = SCENE_IDS.lookup(classes)
        finish = Finish(True, None, camera)
        for number, shot in enumerate(progress(_shots(options.frames), options.frames, "demo")):
            scene = shot.scene
            if shot.first:
                finish = Finish(True, None, camera)
            labels = ids[scene.labels]
            temperatures = scene_temperatures(scene, labels, classes, shot.conditions.ambient_kelvin)
            frame = synthesizer(
                scene.rgb, labels=labels, instances=scene.instances, temperatures=temperatures
            )
            shown = finish(SourceFrame(scene.rgb, number, scene.time_s, numbered_name(number)), frame)
            milliseconds.append(shown.timing.total)
            display.write(side_by_side(scene.rgb, shown.colorize("white-hot")), "")
            raw16.write(ThermalImage.raw16(shown.raw16, provenance), "")
            if shot.shown:
                columns.append(_column(shot, frame, synthesizer))
        write_whole(sheet, lambda path: save_picture(path, contact_sheet(columns, classes)))
    report(
        {
            "video": str(video),
            "kelvin": str(kelvin),
            "contact_sheet": str(sheet),
            "given": _GIVEN,
            "frames": len(milliseconds),
            "synthesis_fps": round(1000 / statistics.median(milliseconds), 1),
            "seconds": round(time.perf_counter() - start, 1),
        },
        options.json,
    )


def scene_temperatures(
    scene: SceneFrame, labels: npt.NDArray[np.uint8], classes: Sequence[str], ambient: float
) -> Temperatures:
    """Mean temperatures that a simulator knows of its own objects.

    Args:
        scene: a rendered frame with its true kelvin.
        labels: its class map in ids of `classes`.
        classes: the bundle's classes.
        ambient: kelvin of whatever is not in the frame.

    Returns a temperature for every class and every instance in the frame.
    """
    by_class = _means(labels, scene.kelvin)
    return Temperatures(
        ambient=ambient,
        classes={classes[number]: kelvin for number, kelvin in by_class.items()},
        instances=_means(scene.instances, scene.kelvin),
    )


def _means(ids: npt.NDArray[Any], kelvin: npt.NDArray[np.float32]) -> dict[int, float]:
    counts = np.bincount(ids.ravel())
    sums = np.bincount(ids.ravel(), weights=kelvin.ravel())
    return {int(number): float(sums[number] / counts[number]) for number in np.flatnonzero(counts)}


def _shots(count: int) -> Iterator[_Shot]:
    """Render `count` frames, shared among the streets as evenly as possible."""
    for place, seed in enumerate(_SEEDS):
        length = count * (place + 1) // len(_SEEDS) - count * place // len(_SEEDS)
        street = StreetScene(seed, *_SIZE)
        for number, scene in enumerate(street.frames(length, _RATE)):
            yield _Shot(scene, street.conditions, first=number == 0, shown=number == length - 1)


def _column(shot: _Shot, frame: Frame, synthesizer: Synthesizer) -> Column:
    """Column of the contact sheet, with a second frame made of the colours alone where the bundle can."""
    alone = None
    if synthesizer.info.predicts_labels and synthesizer.info.predicts_temperatures:
        alone = synthesizer(shot.scene.rgb)
    return Column(_caption(shot.conditions), shot.scene, gain_limits(frame.kelvin), frame, alone)


def _caption(conditions: Conditions) -> str:
    if conditions.night:
        weather = "night"
    elif conditions.wetness > 0:
        weather = "rain"
    else:
        weather = "sun" if conditions.cloud < _OVERCAST else "overcast"
    return f"{weather}, {conditions.ambient_kelvin - CELSIUS_ZERO:.0f} °C"


def _make_folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {path} cannot be made: {error}", "Choose another with --out."
        ) from error
    return path
