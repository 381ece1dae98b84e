"""`thermalsdk bag`: a ROS bag with a colour camera becomes one with a thermal camera."""

from __future__ import annotations

import argparse
import itertools
from contextlib import closing
from dataclasses import asdict
from typing import Any

from thermalsdk.adapters.ros2 import convert_bag
from thermalsdk.cli.console import load, progress, report
from thermalsdk.frame import Frame
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.temperatures import TemperatureChoice, Temperatures


def bag(options: argparse.Namespace) -> None:
    """Convert the bag."""
    temperatures: TemperatureChoice = PredictedTemperatures()
    if options.ambient is not None:
        temperatures = Temperatures(ambient=options.ambient)
    with load(options) as synthesizer, closing(progress(itertools.count(), None, "thermal")) as bar:

        def see(frame: Any, **inputs: Any) -> Frame:
            next(bar)
            return synthesizer(frame, temperatures=temperatures, **inputs)

        made = convert_bag(
            options.source,
            options.out,
            see,
            topic=options.topic,
            labels_topic=options.labels_topic,
            label_ids=options.label_ids,
            panoptic=options.panoptic,
            namespace=options.namespace,
            storage=options.storage,
            copy=options.copy,
        )
    report({"out": options.out, **asdict(made)}, options.json)
