"""`thermalsdk info`: check a bundle, choose a backend, say what came of it."""

from __future__ import annotations

import argparse

from thermalsdk.cli.console import load, report
from thermalsdk.version import __version__


def info(options: argparse.Namespace) -> None:
    """Print what `Synthesizer.info` holds."""
    with load(options) as synthesizer:
        facts = {"thermalsdk": __version__, **synthesizer.info.to_dict()}
    if not options.json:
        facts["training"] = f"{', '.join(facts['training']) or 'not recorded'} (--json has the whole record)"
    report(facts, options.json)
