"""What Slack sends to the bot: signed requests, or envelopes when a socket is open; and how it was taken."""

import asyncio
import hashlib
import hmac
import http.client
import itertools
import json
import secrets
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.context import Context
from bot.playground.schema import parse_json
from bot.playground.workspace import APP

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection


PATIENCE = 3.0
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SOCKET_KINDS = {"command": "slash_commands", "event": "events_api", "interaction": "interactive"}
OK, REDIRECT = 200, 300


@dataclass(frozen=True)
class EventDelivery:
    """`error` is "" when the bot took it, else what Slack calls the failure; `seconds` until it was taken."""

    status: int
    seconds: float
    body: str = ""
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def was_taken(self) -> bool:
        return not self.error

    @property
    def answer(self) -> dict[str, Any]:
        """The body as JSON; a body of plain words is a text."""
        if not self.body.strip():
            return {}
        try:
            read = parse_json(self.body)
        except ValueError:
            return {"text": self.body}
        return read if isinstance(read, dict) else {"text": self.body}


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
        """Serves a connection, from hello to its end."""
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


class EventSender:
    def __init__(self, context: Context, sockets: Sockets) -> None:
        self._context = context
        self._sockets = sockets
        self._closing = threading.Event()

    def close(self) -> None:
        self._closing.set()

    def command(self, fields: dict[str, str]) -> EventDelivery:
        if self._sockets.count:
            return self._by_socket("command", fields)
        return self.post(urlencode(fields).encode(), FORM)

    def interaction(self, payload: dict[str, Any]) -> EventDelivery:
        if self._sockets.count:
            return self._by_socket("interaction", payload)
        return self.post(urlencode({"payload": json.dumps(payload)}).encode(), FORM)

    def event(self, payload: dict[str, Any], deliveries: int = 1) -> list[EventDelivery]:
        """Sent as often as asked, whatever is answered; then again, as the installation says, until it is taken."""
        done = [self._event(payload, attempt, "http_timeout") for attempt in range(deliveries)]
        for pause in self._context.installation.retries:
            if done[-1].was_taken or done[-1].headers.get("x-slack-no-retry") == "1" or self._closing.wait(pause):
                break
            done.append(self._event(payload, len(done), done[-1].error))
        return done

    def _event(self, payload: dict[str, Any], attempt: int, reason: str) -> EventDelivery:
        if self._sockets.count:
            return self._by_socket("event", payload, attempt, reason if attempt else "")
        again = {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason} if attempt else {}
        return self.post(json.dumps(payload).encode(), JSON, again)

    def _by_socket(self, kind: str, payload: dict[str, Any], attempt: int = 0, reason: str = "") -> EventDelivery:
        begun = time.monotonic()
        taken = self._sockets.deliver(SOCKET_KINDS[kind], payload, attempt=attempt, reason=reason, seconds=PATIENCE)
        seconds = time.monotonic() - begun
        if taken is None:
            return EventDelivery(0, seconds, error="http_timeout" if seconds >= PATIENCE else "connection_failed")
        return EventDelivery(OK, seconds, json.dumps(taken) if taken else "")

    def post(self, body: bytes, content_type: str, more: dict[str, str] | None = None) -> EventDelivery:
        """Sends a signed request. The bot has three seconds for all of its answer."""
        stamp = str(int(self._context.workspace.clock()))
        headers = {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (playground)",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": sign(self._context.installation.signing_secret, stamp, body),
            **(more or {}),
        }
        if not self._context.bot_url:
            return EventDelivery(0, 0.0, error="connection_failed")
        begun = time.monotonic()
        try:
            status, answered, text = _request(self._context.bot_url, body, headers)
        except TimeoutError:
            return EventDelivery(0, time.monotonic() - begun, error="http_timeout")
        except (OSError, http.client.HTTPException):
            return EventDelivery(0, time.monotonic() - begun, error="connection_failed")
        seconds = time.monotonic() - begun
        late, bad = seconds > PATIENCE, not OK <= status < REDIRECT
        return EventDelivery(status, seconds, text, "http_timeout" if late else "http_error" if bad else "", answered)


def sign(secret: str, stamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def _request(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        return response.status, answered, response.read().decode(errors="replace")
    finally:
        connection.close()


# Socket Mode: connections of the bot, envelopes out, acknowledgements in.


LIFETIME = 3600
MOST_CONNECTIONS = 10
REFUSED = 4403


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
