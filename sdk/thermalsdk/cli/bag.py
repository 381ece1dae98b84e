"""`thermalsdk bag`: a ROS bag with a colour camera becomes one with a thermal camera."""

from __future__ import annotations

import argparse
import itertools
from contextlib import closing
from dataclasses import asdict
from typing import Any

from thermalsdk.adapters.ros2 import convert_bag
from thermalsdk.cli.console import load, progress, report
from thermalsdk.cli.option_checks import check_partner
from thermalsdk.cli.scene_options import open_camera, open_label_ids, open_temperatures
from thermalsdk.frame import Frame
from thermalsdk.predicted import PredictedTemperatures


def bag(options: argparse.Namespace) -> None:
    """Convert the bag."""
    label_ids = open_label_ids(options, "--labels-topic", options.labels_topic)
    check_partner("--panoptic", options.panoptic, "--labels-topic", options.labels_topic)
    camera = open_camera(options)
    temperatures = open_temperatures(options) or PredictedTemperatures()
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
            label_ids=label_ids,
            panoptic=options.panoptic,
            namespace=options.namespace,
            storage=options.storage,
            copy=options.copy,
            camera=camera,
        )
    seen_by = {} if camera is None else {"camera": camera.config.name, "camera_hash": camera.hash}
    report({"out": options.out, **asdict(made), **seen_by}, options.json)
