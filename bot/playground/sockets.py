"""Socket Mode: connections of the bot, envelopes out, acknowledgements in."""

import asyncio
import itertools
import secrets
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.shapes import parse_json
from bot.playground.state import APP

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection

LIFETIME = 3600
MOST_CONNECTIONS = 10
REFUSED = 4403


class Sockets:
    """The open connections; each envelope goes to one of them, in turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tickets: set[str] = set()
        self._connections: list[WebSocket] = []
        self._waiting: dict[str, Future[dict[str, Any]]] = {}
        self._turn = itertools.count()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.hang_up: Callable[[HTTPConnection], None] = lambda _socket: None
        self.acknowledged: list[str] = []

    def new_ticket(self) -> str:
        ticket = secrets.token_hex(16)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._connections)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from hello to its end."""
        ticket = socket.query_params.get("ticket", "")
        with self._lock:
            known = ticket in self._tickets and len(self._connections) < MOST_CONNECTIONS
            self._tickets.discard(ticket)
        await socket.accept()
        if not known:
            await socket.close(REFUSED)
            return
        self.loop = asyncio.get_running_loop()
        await self._greet(socket)
        try:
            while True:
                self._take(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            with self._lock:
                self._connections = [other for other in self._connections if other is not socket]

    async def _greet(self, socket: WebSocket) -> None:
        with self._lock:
            number = len(self._connections) + 1
        about = {"host": "playground", "build_number": 1, "approximate_connection_time": LIFETIME}
        hello = {"type": "hello", "num_connections": number, "debug_info": about, "connection_info": {"app_id": APP}}
        await socket.send_json(hello)
        with self._lock:
            self._connections.append(socket)

    def _take(self, text: str) -> None:
        try:
            message = parse_json(text)
        except ValueError:
            return
        envelope = message.get("envelope_id") if isinstance(message, dict) else None
        with self._lock:
            waiting = self._waiting.pop(envelope, None) if isinstance(envelope, str) else None
        if waiting is not None:
            self.acknowledged.append(str(envelope))
            waiting.set_result(message.get("payload") or {})

    def deliver(
        self, kind: str, payload: dict[str, Any], *, attempt: int = 0, reason: str = "", seconds: float = 3.0
    ) -> dict[str, Any] | None:
        """What the bot acknowledged with, waited for; None when it did not in time. Not for the server's own thread."""
        envelope = f"{secrets.token_hex(4)}-{secrets.token_hex(6)}"
        message: dict[str, Any] = {"envelope_id": envelope, "type": kind, "payload": payload}
        message["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            message |= {"retry_attempt": attempt, "retry_reason": reason}
        waiting: Future[dict[str, Any]] = Future()
        with self._lock:
            if not self._connections or self.loop is None:
                return None
            socket = self._connections[next(self._turn) % len(self._connections)]
            self._waiting[envelope] = waiting
        sending = asyncio.run_coroutine_threadsafe(_send(socket, message), self.loop)
        try:
            return waiting.result(seconds) if sending.result(seconds) else None
        except TookTooLong:
            return None
        finally:
            with self._lock:
                self._waiting.pop(envelope, None)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come again, as Slack does once an hour; then end it. `warning` only asks."""
        with self._lock:
            connections, loop = list(self._connections), self.loop
        for socket in connections if loop else ():
            asyncio.run_coroutine_threadsafe(_say_goodbye(socket, reason), loop).result(3)  # type: ignore[arg-type]

    def cut(self) -> None:
        """End the TCP of every connection, as a network does: no close frame, no goodbye."""
        with self._lock:
            connections, loop = list(self._connections), self.loop
        for socket in connections if loop else ():
            loop.call_soon_threadsafe(self.hang_up, socket)  # type: ignore[union-attr]

    def drop(self) -> None:
        """Close every connection without saying goodbye before."""
        with self._lock:
            connections, loop = list(self._connections), self.loop
        for socket in connections if loop else ():
            asyncio.run_coroutine_threadsafe(_close(socket), loop).result(3)  # type: ignore[arg-type]


async def _send(socket: WebSocket, message: dict[str, Any]) -> bool:
    try:
        await socket.send_json(message)
    except (RuntimeError, WebSocketDisconnect):
        return False
    return True


async def _say_goodbye(socket: WebSocket, reason: str) -> None:
    await _send(socket, {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}})
    if reason != "warning":
        await _close(socket)


async def _close(socket: WebSocket) -> None:
    try:
        await socket.close()
    except RuntimeError:
        return
