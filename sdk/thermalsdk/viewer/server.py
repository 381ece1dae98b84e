"""The page's server: loopback only, and only for who has the token."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import weakref
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from aiohttp import WSCloseCode, web

from thermalsdk.camera import camera_names
from thermalsdk.camera.config import GAIN_MODES, POLARITIES
from thermalsdk.display import palette_names
from thermalsdk.errors import OptionError
from thermalsdk.viewer.conversation import Conversation
from thermalsdk.viewer.session import Session
from thermalsdk.viewer.settings import NO_CAMERA

LOOPBACK = "127.0.0.1"
#: Seconds that an open page is given to let go when the server ends.
_SHUTDOWN_S = 2.0
_PAGE = files("thermalsdk.viewer") / "page"
_TYPES = {"index.html": "text/html", "viewer.css": "text/css", "viewer.js": "text/javascript"}
_HOSTS = (LOOPBACK, "localhost")
_POLICY = "default-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'"


class Viewer:
    """Serves one session.

    Args:
        session: is borrowed.
        classes: names of the bundle's classes.
    """

    def __init__(self, session: Session, classes: tuple[str, ...]) -> None:
        self._session = session
        self._classes = classes
        self.token = secrets.token_urlsafe(16)
        self._sockets: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()
        self.app = web.Application(middlewares=[self._guarded])
        self.app.on_shutdown.append(self._close_sockets)
        self.app.add_routes(
            [
                web.get("/", self._file),
                web.get("/{name}", self._file),
                web.get("/api/snapshot", self._snapshot),
                web.get("/api/stream", self._stream),
            ]
        )

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse strangers: another host name (DNS rebinding), another site, no token."""
        host = request.host.rsplit(":", 1)[0]
        origin = request.headers.get("Origin")
        if host not in _HOSTS or (origin is not None and origin != f"http://{request.host}"):
            raise web.HTTPForbidden(text="only this machine's own pages may ask")
        # Cookies know no ports: with names of their own, viewers in one browser do not take each other's.
        cookie = f"token-{request.host.rpartition(':')[2]}"
        given = request.query.get("token") or request.cookies.get(cookie, "")
        if not hmac.compare_digest(given.encode(errors="surrogatepass"), self.token.encode()):
            raise web.HTTPForbidden(text="open the address that `thermalsdk view` printed, token included")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = _POLICY
            response.headers["Cache-Control"] = "no-store"
            response.set_cookie(cookie, self.token, httponly=True, samesite="Strict")
        return response

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name") or "index.html"
        if name not in _TYPES:
            raise web.HTTPNotFound
        return web.Response(text=(_PAGE / name).read_text(encoding="utf-8"), content_type=_TYPES[name])

    async def _snapshot(self, request: web.Request) -> web.Response:
        try:
            picture = await asyncio.to_thread(self._session.snapshot)
        except OptionError as error:
            raise web.HTTPConflict(text=str(error)) from error
        headers = {"Content-Disposition": 'attachment; filename="thermal.png"'}
        return web.Response(body=picture, content_type="image/png", headers=headers)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=_SHUTDOWN_S, max_msg_size=65536, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        await socket.send_json({"hello": self._hello()})
        await Conversation(socket, self._session).run()
        return socket

    async def _close_sockets(self, app: web.Application) -> None:
        """Hang up, or aiohttp waits for the pages to do so."""
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in self._sockets))

    def _hello(self) -> dict[str, Any]:
        """What the page builds its controls from."""
        return {
            "classes": list(self._classes),
            "palettes": list(palette_names()),
            "cameras": [NO_CAMERA, *camera_names()],
            "gains": list(GAIN_MODES),
            "polarities": list(POLARITIES),
            "settings": self._session.settings.to_dict(),
            "source": self._session.source,
        }


async def serve(viewer: Viewer, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled.

    Args:
        port: 0 for a free one.
        ready: is called with the address, token included.

    Raises OptionError when the port cannot be had.
    """
    runner = web.AppRunner(viewer.app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            raise OptionError(
                f"port {port} cannot be had: {error}", "Give another one with --port."
            ) from error
        bound = runner.addresses[0][1]
        ready(f"http://{LOOPBACK}:{bound}/?token={viewer.token}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
