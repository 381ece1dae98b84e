"""The options that say what the scene holds, how warm it is, and which camera looks at it."""

from __future__ import annotations

import argparse

from thermalsdk.camera import Camera, camera_names
from thermalsdk.cli.option_checks import check_partner
from thermalsdk.labels import BUNDLE, LabelIds, open_table, table_names
from thermalsdk.temperatures import Temperatures, set_temperatures


def add_temperatures(parser: argparse.ArgumentParser) -> None:
    """--ambient, --preset and --temperatures, of which one may be given."""
    from thermalsdk.temperatures.files import preset_names

    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--preset", choices=preset_names(), help="temperatures of a typical scene")
    choice.add_argument(
        "--temperatures",
        metavar="FILE",
        help="temperatures of your own: .yaml or .json, docs/temperatures.md",
    )
    choice.add_argument(
        "--ambient", type=float, metavar="K", help="kelvin of everything (predicted from the colours)"
    )


def add_label_ids(parser: argparse.ArgumentParser) -> None:
    """--label-ids."""
    parser.add_argument(
        "--label-ids",
        metavar="N",
        help=f"numbering of the class maps: {', '.join(table_names())}, or a file: .json, docs/formats.md "
        "(the bundle's)",
    )


def add_camera(parser: argparse.ArgumentParser) -> None:
    """--camera."""
    parser.add_argument(
        "--camera",
        metavar="C",
        help=f"{', '.join(camera_names())}, or a file: .yaml or .json, docs/camera.md (a perfect radiometer)",
    )


def open_label_ids(options: argparse.Namespace, partner: str, maps: str | None) -> LabelIds:
    """What --label-ids names.

    Raises LabelTableError, or OptionError without class maps, the `maps` of the option `partner`.
    """
    check_partner("--label-ids", options.label_ids is not None, partner, maps)
    return open_table(options.label_ids or BUNDLE) or BUNDLE


def open_temperatures(options: argparse.Namespace) -> Temperatures | None:
    """What --ambient, --preset or --temperatures sets, or None. Raises TemperatureError."""
    return set_temperatures(options.ambient, options.preset, options.temperatures)


def open_camera(options: argparse.Namespace) -> Camera | None:
    """What --camera names, or None. Raises CameraError."""
    return None if options.camera is None else Camera.open(options.camera)
