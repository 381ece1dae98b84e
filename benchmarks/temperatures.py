"""One street in two weathers with people of two temperatures: the picture of the README, and what was met.

python benchmarks/temperatures.py [--bundle street] [--picture FILE] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from common.report import leave
from common.sheet import Tile, draw_sheet

from thermalsdk import Camera, Frame, Synthesizer, Temperatures
from thermalsdk.camera.files import read_preset
from thermalsdk.cli.contact_sheet import class_colors
from thermalsdk.compositing.reference import window_is_uniform
from thermalsdk.scenes import HELD_OUT, SCENE_IDS, SceneFrame, StreetScene
from thermalsdk.temperatures.limits import CELSIUS_ZERO

SEED, TIME_S, SIZE = HELD_OUT + 50, 2.0, (384, 512)
FEATHER = 2
WEATHERS = ("summer-noon", "winter-night")
PEOPLE = (310.0, 290.0)
PALETTE = "ironbow"


@dataclass(frozen=True)
class Shot:
    """One thermal frame, and the temperature that its people were set to."""

    weather: str
    person: float
    frame: Frame
    ambient: float


def main() -> None:
    """Render, measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the sheet as well")
    parser.add_argument("--quick", action="store_true", help="a small frame")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    size = (192, 256) if args.quick else SIZE
    scene = StreetScene(SEED, *size).render(TIME_S)
    with Synthesizer.load(args.bundle) as synthesizer:
        shots = [made for weather in WEATHERS for made in shots_of(synthesizer, scene, weather)]
        person = synthesizer.info.classes.index("person")
    labels = shots[0].frame.labels
    core = window_is_uniform(labels, FEATHER) & (labels == person)
    report = {
        f"{made.weather}, people at {made.person:g} K": {
            "core_mean_kelvin": round(float(made.frame.kelvin[core].mean(dtype=np.float64)), 3),
            "read_by_the_camera": round(float(made.frame.apparent[core].mean(dtype=np.float64)), 2),
        }
        for made in shots
    }
    leave({"pixels_of_cores": int(core.sum()), "temperatures": report}, args.json)
    if args.picture:
        draw_sheet(tiles(scene, shots), args.picture)


def shots_of(synthesizer: Synthesizer, scene: SceneFrame, weather: str) -> Iterator[Shot]:
    """The scene in one weather through a Boson 640, which keeps the gain of its first picture."""
    preset = read_preset("boson640")
    camera = Camera(replace(preset, gain=replace(preset.gain, damping=0.999, linear_percent=45.0)))
    temperatures = Temperatures.preset(weather)
    for person in PEOPLE:
        frame = synthesizer(
            scene.rgb,
            labels=SCENE_IDS.lookup(synthesizer.info.classes)[scene.labels],
            instances=scene.instances,
            temperatures=temperatures.changed(classes={"person": person}),
            camera=camera,
        )
        yield Shot(weather, person, frame, temperatures.ambient)


def tiles(scene: SceneFrame, shots: list[Shot]) -> list[list[Tile]]:
    """A row a weather: what was given, then the people in each temperature."""
    given = {
        "summer-noon": Tile(scene.rgb, "given: colours", ""),
        "winter-night": Tile(class_colors(scene.labels, scene.rgb), "given: classes", ""),
    }
    return [
        [given[weather], *(thermal(made) for made in shots if made.weather == weather)]
        for weather in WEATHERS
    ]


def thermal(made: Shot) -> Tile:
    """One thermal frame as the camera shows it."""
    air = f"air {made.ambient - CELSIUS_ZERO:.0f} °C"
    people = f"people {made.person - CELSIUS_ZERO:.0f} °C ({made.person:g} K)"
    return Tile(made.frame.colorize(PALETTE), f"{made.weather}: {people}", air)


if __name__ == "__main__":
    main()
