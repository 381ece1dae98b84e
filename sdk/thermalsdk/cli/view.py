"""`thermalsdk view`: a local page with the stream and its controls."""

from __future__ import annotations

import argparse
import asyncio
import signal
import webbrowser
from collections.abc import Coroutine
from typing import Any

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
            server = serve(Viewer(session, synthesizer.info.classes), options.port, ready)
            asyncio.run(_until_interrupted(server))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            session.close()


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Cancel the work at Ctrl-C or SIGTERM: an exception anywhere in the event loop may leave it waiting."""
    running = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await running
