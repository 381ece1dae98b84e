"""Options that would do nothing, or mean something else than they seem to, are refused."""

from __future__ import annotations

import argparse
from pathlib import Path

from thermalsdk.errors import OptionError
from thermalsdk.formats import THERMAL_SUFFIXES
from thermalsdk.video import DISPLAY_SUFFIXES
from thermalsdk.video.opening import local


def check_partner(option: str, given: bool, partner: str, value: str | None) -> None:
    """Raise OptionError where `option` is given and its partner, without which it does nothing, is not."""
    if given and value is None:
        raise OptionError(
            f"{option} does nothing without {partner}", f"Give {partner}, or leave {option} out."
        )


def refuse_steadiness(options: argparse.Namespace) -> None:
    """Raise OptionError for the options of moving pictures."""
    if options.follow_motion or options.steadiness:
        raise OptionError(
            "--steadiness and --follow-motion are for videos; each picture is by itself",
            "Leave them out.",
        )


def check_folders(options: argparse.Namespace) -> None:
    """Raise OptionError where a path of `run` is a file, and an option makes it a folder's."""
    given = [f"--{name}" for name in ("format", "workers", "ray") if getattr(options, name) is not None]
    chosen = f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} for folders"
    without = f"Name a folder, or leave {' and '.join(given)} out."
    if Path(local(options.source)).is_file():
        raise OptionError(f"{chosen}, and {options.source} is a file", without)
    for path in (options.out, options.raw16, options.save_labels):
        suffix = "" if path is None else Path(path).suffix.lower()
        if suffix in (*DISPLAY_SUFFIXES, *THERMAL_SUFFIXES) and not Path(path).is_dir():
            raise OptionError(f"{chosen}, and {path} has the suffix of a file", without)
