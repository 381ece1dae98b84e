"""What a page and the server say to each other.

A page asks for a frame when it has shown the one before, so a slow browser slows the stream and nothing piles
up. Messages of the page are JSON objects with one key: next, set, cursor or source. Answers are JSON too, but
for a frame, which is one binary message: the lengths of its three parts as 32-bit numbers (big-endian), then
facts (JSON), colours and thermal (JPEG). An error says whether it is the answer to next.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from thermalsdk.errors import OptionError, ThermalSDKError
from thermalsdk.viewer.session import Session, Shot

#: Seconds for which a thread waits for the source before it looks whether the page is still there.
_PATIENCE_S = 0.5


class Conversation:
    """Answers one page.

    Frames and sources are waited for in tasks of their own, so that everything else is answered meanwhile.

    Args:
        socket: of the page, prepared.
        session: is borrowed.
    """

    def __init__(self, socket: web.WebSocketResponse, session: Session) -> None:
        self._socket = socket
        self._session = session
        self._waiting: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self._owes_frame = False

    async def run(self) -> None:
        """Answer until the page hangs up."""
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._complaining(self._answer(message.data), of_next=False)
        finally:
            for task in self._waiting:
                task.cancel()

    def _wait_for(self, answer: Coroutine[Any, Any, None], *, of_next: bool) -> None:
        """Answer when it is ready."""
        task = asyncio.create_task(self._complaining(answer, of_next=of_next))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _complaining(self, answer: Coroutine[Any, Any, None], *, of_next: bool) -> None:
        """Answer, or say what went wrong."""
        with suppress(ConnectionResetError):  # the page was closed while it was answered
            try:
                await answer
            except ThermalSDKError as error:
                await self._complain(error.message, error.hint, of_next)
            except (ValueError, TypeError) as error:
                await self._complain(str(error), "Reload the page.", of_next)
            except Exception:
                await self._socket.close(code=WSCloseCode.INTERNAL_ERROR)
                raise

    async def _complain(self, message: str, hint: str, of_next: bool) -> None:
        await self._socket.send_json({"error": {"message": message, "hint": hint, "next": of_next}})

    async def _answer(self, text: str) -> None:
        (kind, value), *_ = json.loads(text).items()
        if kind == "next":
            if not self._owes_frame:
                self._owes_frame = True
                self._wait_for(self._send_frame(), of_next=True)
        elif kind == "set":
            await asyncio.to_thread(self._session.change, value)
            if "camera" in value:  # which brings figures of its own
                await self._socket.send_json({"settings": self._session.settings.to_dict()})
        elif kind == "cursor":
            self._session.point_at(*value)
        elif kind == "source":
            self._wait_for(self._open(str(value)), of_next=False)
        else:
            raise OptionError(f"there is no message {kind!r}", "Reload the page.")

    async def _open(self, source: str) -> None:
        async with self._opening:  # one after the other: the source that was asked for last stays
            await asyncio.to_thread(self._session.open, source)
            await self._socket.send_json({"source": self._session.source})

    async def _send_frame(self) -> None:
        shot = None
        try:
            while shot is None:
                shot = await asyncio.to_thread(self._session.next_shot, _PATIENCE_S)
        finally:  # before it is sent: the page may ask for the next one at once
            self._owes_frame = False
        await self._socket.send_bytes(packed(shot))


def packed(shot: Shot) -> bytes:
    """One binary message of a frame."""
    parts = (json.dumps(shot.facts).encode(), shot.rgb, shot.thermal)
    return struct.pack(">3I", *map(len, parts)) + b"".join(parts)
