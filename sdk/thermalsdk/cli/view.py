"""`thermalsdk view`: a local page with the stream and its controls."""

from __future__ import annotations

import argparse
import asyncio
import webbrowser

from thermalsdk.cli.console import load
from thermalsdk.optional import import_optional


def view(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import_optional("aiohttp", "the viewer is served by aiohttp", "pip install 'thermalsdk[viewer]'")
    from thermalsdk.viewer.server import Viewer, serve
    from thermalsdk.viewer.session import Session

    def ready(address: str) -> None:
        print(f"{address}\nCtrl-C ends it.", flush=True)
        if options.open:
            webbrowser.open(address)

    with load(options) as synthesizer:
        session = Session(synthesizer, options.source)
        try:
            asyncio.run(serve(Viewer(session, synthesizer.info.classes), options.port, ready))
        finally:
            session.close()
