"""`thermalsdk bag`: a ROS bag with a colour camera becomes one with a thermal camera."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial

from thermalsdk.adapters.ros2 import convert_bag
from thermalsdk.cli.console import load, report
from thermalsdk.predicted import PredictedTemperatures
from thermalsdk.temperatures import TemperatureChoice, Temperatures


def bag(options: argparse.Namespace) -> None:
    """Convert the bag."""
    temperatures: TemperatureChoice = PredictedTemperatures()
    if options.ambient is not None:
        temperatures = Temperatures(ambient=options.ambient)
    with load(options) as synthesizer:
        made = convert_bag(
            options.source,
            options.out,
            partial(synthesizer, temperatures=temperatures),
            topic=options.topic,
            labels_topic=options.labels_topic,
            label_ids=options.label_ids,
            panoptic=options.panoptic,
            namespace=options.namespace,
            storage=options.storage,
            copy=options.copy,
        )
    report({"out": options.out, **asdict(made)}, options.json)
