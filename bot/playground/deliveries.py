"""What Slack sends to the bot: signed requests, or envelopes when a socket is open; and how it was taken."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.playground.desk import Desk
from bot.playground.shapes import parse_json
from bot.playground.sockets import Sockets

PATIENCE = 3.0
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SOCKET_KINDS = {"command": "slash_commands", "event": "events_api", "interaction": "interactive"}
OK, REDIRECT = 200, 300


@dataclass(frozen=True)
class Delivery:
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


class Courier:
    def __init__(self, desk: Desk, sockets: Sockets) -> None:
        self._desk = desk
        self._sockets = sockets
        self._closing = threading.Event()

    def close(self) -> None:
        self._closing.set()

    def command(self, fields: dict[str, str]) -> Delivery:
        if self._sockets.count:
            return self._by_socket("command", fields)
        return self.post(urlencode(fields).encode(), FORM)

    def interaction(self, payload: dict[str, Any]) -> Delivery:
        if self._sockets.count:
            return self._by_socket("interaction", payload)
        return self.post(urlencode({"payload": json.dumps(payload)}).encode(), FORM)

    def event(self, payload: dict[str, Any], deliveries: int = 1) -> list[Delivery]:
        """Sent as often as asked, whatever is answered; then again, as the installation says, until it is taken."""
        done = [self._event(payload, attempt, "http_timeout") for attempt in range(deliveries)]
        for pause in self._desk.installation.retries:
            if done[-1].was_taken or done[-1].headers.get("x-slack-no-retry") == "1" or self._closing.wait(pause):
                break
            done.append(self._event(payload, len(done), done[-1].error))
        return done

    def _event(self, payload: dict[str, Any], attempt: int, reason: str) -> Delivery:
        if self._sockets.count:
            return self._by_socket("event", payload, attempt, reason if attempt else "")
        again = {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason} if attempt else {}
        return self.post(json.dumps(payload).encode(), JSON, again)

    def _by_socket(self, kind: str, payload: dict[str, Any], attempt: int = 0, reason: str = "") -> Delivery:
        begun = time.monotonic()
        taken = self._sockets.deliver(SOCKET_KINDS[kind], payload, attempt=attempt, reason=reason, seconds=PATIENCE)
        seconds = time.monotonic() - begun
        if taken is None:
            return Delivery(0, seconds, error="http_timeout" if seconds >= PATIENCE else "connection_failed")
        return Delivery(OK, seconds, json.dumps(taken) if taken else "")

    def post(self, body: bytes, content_type: str, more: dict[str, str] | None = None) -> Delivery:
        """One signed request. The bot has three seconds for all of its answer."""
        stamp = str(int(self._desk.workspace.clock()))
        headers = {
            "content-type": content_type,
            "user-agent": "Slackbot 1.0 (playground)",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": sign(self._desk.installation.signing_secret, stamp, body),
            **(more or {}),
        }
        if not self._desk.bot_url:
            return Delivery(0, 0.0, error="connection_failed")
        begun = time.monotonic()
        try:
            status, answered, text = _request(self._desk.bot_url, body, headers)
        except TimeoutError:
            return Delivery(0, time.monotonic() - begun, error="http_timeout")
        except (OSError, http.client.HTTPException):
            return Delivery(0, time.monotonic() - begun, error="connection_failed")
        seconds = time.monotonic() - begun
        late, bad = seconds > PATIENCE, not OK <= status < REDIRECT
        return Delivery(status, seconds, text, "http_timeout" if late else "http_error" if bad else "", answered)


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
