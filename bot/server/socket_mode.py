"""Socket Mode: Slack's requests over a WebSocket of ours, kept alive; no public address needed."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from bot.backoff import Backoff
from bot.logs import describe
from bot.server.worker_pool import Precedence

log = logging.getLogger(__name__)

CONCURRENCY = 64  # requests acknowledged side by side
PING = 5  # seconds between pings
PONG = 10  # seconds until a ping is answered; else the connection is lost
GREETED = 10  # seconds for Slack to say hello
LARGEST = 4_000_000  # bytes of a request
CLOSED = 0.4  # seconds for the far end to end TCP, when a connection is closed
LOOK = 0.5  # seconds between looks at the connections
CONNECTS = Backoff(1.0, 30.0)
STEADY = 10  # seconds of a good connection: when it is lost, the next is made at once
LEFT = 60  # seconds that a connection is listened to after Slack asked for another one


class SocketMode:
    """The connection to Slack. When it was dead for `patience` seconds, `give_up` is called, once.

    A connection that ends, with or without a word, is replaced at once. One that Slack asks to replace is listened to
    until Slack ends it: what comes there meanwhile is acknowledged there.
    """

    def __init__(  # noqa: PLR0913 -- the last is for what is measured
        self,
        app: App,
        client: WebClient,
        precedence: Precedence,
        *,
        patience: float,
        give_up: Callable[[], None],
        observe: Callable[[Mapping[str, Any], float], None] = lambda _body, _seconds: None,
    ) -> None:
        self._app = app
        self._precedence = precedence
        self._client = client
        self._patience = patience
        self._give_up = give_up
        self._observe = observe  # what was acknowledged, and the seconds that took
        self._workers = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="socket")
        self._changed = threading.Condition()
        self._open: dict[ClientConnection, float | None] = {}  # since when Slack wants another one; the newest last
        self._under_way = 0
        self._is_stopped = False
        self.connections = 0  # made since the start
        self.problem = "not connected yet"

    def start(self) -> None:
        threading.Thread(target=self._keep_connected, name="socket-mode", daemon=True).start()

    def stop(self, seconds: float = 3) -> None:
        """Hangs up, after what has arrived is acknowledged."""
        until = time.monotonic() + seconds
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._under_way, seconds)
            left = list(self._open)
        closing = [_close(each) for each in left]
        for each in closing:
            each.join(max(0.0, until - time.monotonic()))

    def _keep_connected(self) -> None:
        alive_at = connected_at = time.monotonic()
        try_at, tries = 0.0, 0
        while not self._wait(try_at):
            at = time.monotonic()
            self._leave(at)
            with self._changed:
                is_heard, is_served = bool(self._open), self._is_served()
            alive_at = at if is_heard else alive_at
            if is_served:
                tries, try_at = (0, 0.0) if at - connected_at > STEADY else (tries, try_at)
            elif at - alive_at > self._patience:
                log.critical("no connection to Slack for too long", extra={"seconds": int(at - alive_at)})
                self._give_up()
                return
            elif at >= try_at:
                wait = self._connect()
                connected_at = time.monotonic()
                try_at = connected_at + max(CONNECTS.pause(tries - 1) if tries else 0.0, wait)
                tries += 1

    def _wait(self, try_at: float) -> bool:
        """Waits until a connection is needed and may be made, and not for long; returns whether we are to stop."""
        with self._changed:
            if self._is_served():
                self._changed.wait_for(lambda: self._is_stopped or not self._is_served(), LOOK)
            else:
                pause = min(LOOK, max(0.0, try_at - time.monotonic()))
                self._changed.wait_for(lambda: self._is_stopped, pause)
            return self._is_stopped

    def _is_served(self) -> bool:
        return None in self._open.values()

    def _leave(self, now: float) -> None:
        """Ends connections that Slack has closed without ending them, or wanted replaced long ago and were."""
        with self._changed:
            closed = [each for each in self._open if each.state is not State.OPEN]
            replaced = [each for each, at in self._open.items() if at is not None and at < now - LEFT]
            if not self._is_served():
                replaced = []
            for each in closed:
                self._forget(each)
        for each in (*closed, *replaced):
            _close(each)

    def _forget(self, connection: ClientConnection) -> None:
        """A connection that has ended."""
        was_open = connection in self._open
        self._open.pop(connection, None)
        if was_open and not self._open and not self._is_stopped:
            self._say("the connection was lost")
        self._changed.notify_all()

    def _connect(self) -> float:
        """Makes a new connection; returns the seconds that Slack asks to wait before another try."""
        try:
            connection = self._begin()
        except ConnectionClosed:
            self._say("the connection was refused")
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
            self._say(describe(error))
            return _asked_to_wait(error)
        else:
            threading.Thread(target=self._receive, args=(connection,), name="socket-receiving", daemon=True).start()
        return 0.0

    def _begin(self) -> ClientConnection:
        """A connection on which Slack has said hello."""
        answer = self._client.apps_connections_open(app_token=self._client.token or "")
        address = str(answer["url"])
        opening = connect(
            address,
            ssl=self._client.ssl if address.startswith("wss:") else None,
            proxy=self._client.proxy or None,
            compression=None,
            open_timeout=GREETED,
            ping_interval=PING,
            ping_timeout=PONG,
            close_timeout=CLOSED,
            max_size=LARGEST,
            logger=_quiet(),
        )
        with ExitStack() as undo:
            connection = undo.enter_context(opening)
            first = connection.recv(GREETED)
            undo.pop_all()
        with self._changed:
            self._open[connection] = None
            self.connections += 1
            self._say("")
            self._changed.notify_all()
        self._hear(connection, first)
        return connection

    def _receive(self, connection: ClientConnection) -> None:
        """Hears what comes until the connection ends, however it ends."""
        try:
            for text in connection:
                self._hear(connection, text)
        except ConnectionClosed:
            pass  # without a word
        finally:
            with self._changed:
                self._forget(connection)
            _close(connection)

    def _hear(self, connection: ClientConnection, text: str | bytes) -> None:
        try:
            message = json.loads(text)
            request = SocketModeRequest.from_dict(message)
            kind, reason = message.get("type"), message.get("reason")
        except (ValueError, TypeError, AttributeError, RecursionError):
            log.warning("Slack sent what is no request")
            return
        if kind == "disconnect":
            log.info("Slack asks for a new connection", extra={"reason": reason})
            with self._changed:
                if connection in self._open:
                    self._open[connection] = time.monotonic()
                self._changed.notify_all()
        elif request is not None:
            with self._changed:
                self._under_way += 1
            self._workers.submit(self._take, connection, request, time.monotonic())

    def _take(self, connection: ClientConnection, request: SocketModeRequest, came_at: float) -> None:
        try:
            with self._precedence.acknowledging():
                self._acknowledge(connection, request, run_bolt_app(self._app, request))
            self._observe(request.payload or {}, time.monotonic() - came_at)
        except Exception:
            log.exception("a request could not be dispatched")
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _acknowledge(self, connection: ClientConnection, request: SocketModeRequest, answer: BoltResponse) -> None:
        """Where the request came from; on another connection where that one has ended meanwhile."""
        if answer.status != 200:
            log.info("a request was not taken", extra={"status": answer.status})
            return
        text = json.dumps(SocketModeResponse(request.envelope_id, _payload(answer)).to_dict())
        with self._changed:
            others = [each for each in reversed(self._open) if each is not connection]
        for each in (connection, *others):
            try:
                each.send(text)
            except ConnectionClosed:
                continue
            return
        log.warning("an acknowledgement could not be sent: the connection was lost")

    def _say(self, problem: str) -> None:
        if problem == self.problem:
            return
        self.problem = problem
        log.log(logging.WARNING if problem else logging.INFO, "Socket Mode: %s", problem or "connected")


def _payload(answer: BoltResponse) -> dict[str, Any] | None:
    """What Slack is told beside that the request was taken."""
    if not answer.body:
        return None
    if answer.first_headers().get("content-type", "").startswith("application/json"):
        fields: dict[str, Any] = json.loads(answer.body)
        return fields
    return {"text": answer.body}


def _close(connection: ClientConnection) -> threading.Thread:
    """Hangs up in a thread of its own: the far end may take its time."""
    closing = threading.Thread(target=connection.close, name="socket-closing", daemon=True)
    closing.start()
    return closing


def _asked_to_wait(error: Exception) -> float:
    """Seconds, where Slack says that it was asked too often."""
    headers = getattr(error.response, "headers", {}) if isinstance(error, SlackApiError) else {}
    header = next((value for name, value in headers.items() if name.lower() == "retry-after"), 0)
    try:
        return float(header)
    except (TypeError, ValueError):
        return CONNECTS.most


def _quiet() -> logging.Logger:
    """Listens for the library: what happens to the connection is logged here, once."""
    quiet = logging.getLogger("websockets.client")
    quiet.setLevel(logging.CRITICAL)
    return quiet
