"""Texts of the command line as values. Each raises ArgumentTypeError, which argparse prints as usage."""

from __future__ import annotations

import argparse

from thermalsdk.display import check_limits
from thermalsdk.errors import OptionError


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """Width and height of "512x512"."""
    width, separator, height = text.partition("x")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512x512")
    return positive(width), positive(height)


def limits(text: str) -> tuple[float, float]:
    """Two rising temperatures of "270:310"."""
    low, _, high = text.partition(":")
    try:
        return check_limits((float(low), float(high)))
    except (ValueError, OptionError) as error:
        message = f"{text!r} are no limits; write 270:310, in kelvin"
        raise argparse.ArgumentTypeError(message) from error
