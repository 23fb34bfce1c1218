"""Socket Mode: Slack's requests over a WebSocket of ours, kept alive; no public address needed."""

import logging
import threading
import time
from collections.abc import Callable

from slack_bolt import App
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.probing import describe

log = logging.getLogger(__name__)

CONCURRENCY = 64  # requests acknowledged side by side
PING = 5  # seconds; a connection without an answer for four of them is given up
LOOK = 0.5  # seconds between looks at the connection
LONGEST_PAUSE = 30  # seconds between tries to connect


class SocketMode:
    """The connection to Slack. When it was dead for `patience` seconds, `give_up` is called, once."""

    def __init__(self, app: App, client: WebClient, *, patience: float, give_up: Callable[[], None]) -> None:
        quiet = logging.getLogger("slack_sdk.socket_mode")
        quiet.setLevel(logging.CRITICAL)  # what happens to the connection is said here, once
        self._app = app
        self._client = SocketModeClient(
            app_token=client.token or "", web_client=client, logger=quiet, concurrency=CONCURRENCY, ping_interval=PING
        )
        self._client.socket_mode_request_listeners.append(self._take)
        self._patience = patience
        self._give_up = give_up
        self._under_way = 0
        self._mutex = threading.Lock()
        self._stopped = threading.Event()
        self.problem = "not connected yet"

    def start(self) -> None:
        threading.Thread(target=self._keep_connected, name="socket-mode", daemon=True).start()

    def stop(self, seconds: float = 3) -> None:
        """Hangs up, after what has arrived is acknowledged."""
        self._stopped.set()
        until = time.monotonic() + seconds
        while (self._under_way or self._client.message_queue.qsize()) and time.monotonic() < until:
            time.sleep(0.02)
        closing = threading.Thread(target=self._client.close, name="socket-closing", daemon=True)
        closing.start()
        closing.join(seconds)

    def _take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        with self._mutex:
            self._under_way += 1
        try:
            send_response(client, request, run_bolt_app(self._app, request), time.time())
        except Exception:
            log.exception("a request could not be dispatched")
        finally:
            with self._mutex:
                self._under_way -= 1

    def _keep_connected(self) -> None:
        alive_at, try_at, pause = time.monotonic(), 0.0, LOOK
        while not self._stopped.wait(LOOK):
            at = time.monotonic()
            if self._client.is_connected():
                alive_at, pause = at, LOOK
                self._say("")
            elif at - alive_at > self._patience:
                log.critical("no connection to Slack for too long", extra={"seconds": int(at - alive_at)})
                self._give_up()
                return
            elif at >= try_at:
                self._connect()
                pause = min(pause * 2, LONGEST_PAUSE)
                try_at = time.monotonic() + pause

    def _connect(self) -> None:
        try:
            self._client.connect_to_new_endpoint()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
            self._say(describe(error))
            return
        self._say("" if self._client.is_connected() else "the connection was refused")

    def _say(self, problem: str) -> None:
        if problem == self.problem:
            return
        self.problem = problem
        log.log(logging.WARNING if problem else logging.INFO, "Socket Mode: %s", problem or "connected")
