"""`mlcompare serve`, `mlcompare notify`: the bot as a process, from its settings to the end of its last work."""

import asyncio
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import click
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot.app import Bot, build, web_client
from bot.logs import configure
from bot.metrics import door_of
from bot.server.http import EventsEndpoint, RefusalLog, SignatureVerifier, site
from bot.server.socket_mode import SocketMode
from bot.settings import Settings, SettingsError, read, unspoken

if TYPE_CHECKING:
    from bot.server.connections import Limits

log = logging.getLogger(__name__)

WHO_WE_ARE = 2.0  # seconds that Slack has to say it before requests are taken
DISPATCHERS = 64  # requests that may wait for their acknowledgement at once


@dataclass
class StopRequest:
    """Why and how the process ends."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int = 0

    def ask(self, code: int = 0) -> None:
        self.code = self.code or code
        self.event.set()


class Server:
    """A bot that runs: started in order, ended in the reverse."""

    def __init__(self, bot: Bot, listening: socket.socket, ending: StopRequest) -> None:
        self._bot = bot
        self._listening = listening
        self._ending = ending
        self._socket_mode = self._connection() if bot.settings.socket_mode else None
        if self._socket_mode:
            bot.metrics.watch_socket(self._socket_mode)
        self._stop_web: Callable[[float], None] = lambda _seconds: None

    def start(self) -> None:
        database, *others = self._bot.probes
        database.ask()  # before the first request, so that it is claimed where all replicas see it
        for probe in (database, *others):
            probe.start()
        if self._bot.workspaces is None:
            self._bot.identity.wait(WHO_WE_ARE)  # who is of another workspace is told by what ours is
        self._bot.recovery.start()
        if self._bot.settings.notifies:
            self._bot.notifier.start()
        refusals = RefusalLog()
        metrics = self._bot.metrics.application() if self._bot.settings.metrics == "on" else None
        whole = site(self._door(refusals), self.reasons, metrics, self._install_pages())
        self._stop_web = serve_site(whole, self._listening, refusals)
        if self._socket_mode:
            self._socket_mode.start()

    def stop(self) -> int:
        """Takes nothing new, finishes what is under way; how many works could not be finished in time."""
        until = time.monotonic() + self._bot.settings.drain_seconds
        self._bot.recovery.end()
        if self._socket_mode:
            self._socket_mode.stop()
        self._stop_web(max(0.0, until - time.monotonic()))
        self._bot.listeners.shutdown(wait=True)
        self._bot.notifier.stop(max(0.0, until - time.monotonic()))
        left = self._bot.pool.drain(max(0.0, until - time.monotonic()))
        self._bot.recovery.stop()
        for probe in self._bot.probes:
            probe.stop()
        self._bot.engine.dispose()
        self._bot.traces.close()
        return left

    def reasons(self) -> dict[str, str]:
        """Names each thing the bot needs, and why it is not ready."""
        found = {probe.name: probe.problem for probe in self._bot.probes}
        if self._socket_mode:
            found["socket mode"] = self._socket_mode.problem
        found["notifier"] = "" if self._bot.notifier.is_standby else self._bot.notifier.problem
        found["queue"] = "full" if self._bot.pool.is_full else ""
        found["process"] = "stopping" if self._ending.event.is_set() else ""
        return found

    def _connection(self) -> SocketMode:
        settings = self._bot.settings
        client = web_client(settings, settings.slack_app_token.get_secret_value(), self._bot.metrics, self._bot.traces)
        return SocketMode(
            self._bot.app,
            client,
            self._bot.precedence,
            patience=settings.socket_patience,
            give_up=lambda: self._ending.ask(1),
            observe=self._observe,
        )

    def _door(self, refusals: RefusalLog) -> EventsEndpoint | None:
        if self._socket_mode:
            return None
        return EventsEndpoint(
            app=self._bot.app,
            signatures=SignatureVerifier(self._bot.settings.slack_signing_secret.get_secret_value(), time.time),
            dispatchers=ThreadPoolExecutor(DISPATCHERS, thread_name_prefix="dispatch"),
            new_incident=self._bot.services.new_incident,
            precedence=self._bot.precedence,
            refusals=refusals,
            observe=self._observe,
        )

    def _install_pages(self) -> list[BaseRoute]:
        if self._bot.workspaces is None:
            return []
        from bot.workspaces.install import install_routes  # one workspace needs none of it

        return install_routes(self._bot.workspaces.flow)

    def _observe(self, body: Mapping[str, Any], seconds: float) -> None:
        self._bot.metrics.acknowledged(door_of(body), seconds)


def watch_signals(ending: StopRequest) -> None:
    """The first SIGTERM or Ctrl-C asks to end; the second ends at once."""

    def heard(number: int, _frame: FrameType | None) -> None:
        if ending.event.is_set():
            os.write(2, b"Stopped at once; what was under way is left for the next start.\n")
            os._exit(128 + number)
        ending.ask()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, heard)


@click.command()
def serve() -> None:
    """Run the bot: Socket Mode when SLACK_APP_TOKEN is set, else HTTP on PORT, at /slack/events."""
    try:
        settings = read()
    except SettingsError as error:
        raise click.ClickException(f"{error}\n`mlcompare check` tests each of them.") from error
    configure(settings.log_level, settings.secrets, settings.log_format)
    listening = bind_socket(settings.listens_on, settings.port)
    ending = StopRequest()
    watch_signals(ending)
    bot = build(settings)
    serve_metrics(bot)
    served = Server(bot, listening, ending)
    served.start()
    _announce(settings, listening)
    while not ending.event.wait(1):
        pass
    log.info("stopping; finishing what is under way", extra={"deadline_s": settings.drain_seconds})
    left = served.stop()
    if left:
        log.error("stopped before everything was finished", extra={"left": left})
    else:
        log.info("stopped")
    logging.shutdown()
    os._exit(ending.code or (1 if left else 0))  # whatever thread still hangs


def serve_metrics(bot: Bot) -> None:
    """On a port of their own, where the settings name one; a ClickException where it cannot be had."""
    settings = bot.settings
    if settings.metrics_port is None:
        return
    try:
        bot.metrics.serve(settings.listens_on, settings.metrics_port)
    except OSError as error:
        problem = f"Cannot listen on {settings.listens_on} port {settings.metrics_port}: {error.strerror or error}."
        raise click.ClickException(f"{problem} Choose another with MLCOMPARE_METRICS.") from error


def _announce(settings: Settings, listening: socket.socket) -> None:
    mode = "Socket Mode" if settings.socket_mode else "HTTP at /slack/events"
    log.info("serving", extra={"mode": mode, "address": listening_address(listening), "command": settings.command})


# The web server: a socket bound before anything else, and uvicorn on it in a thread, so that signals stay ours.


BACKLOG = 2048  # connections that wait in the system to be taken
BUFFER = 131_072  # bytes that the system may hold for a connection, each way; it would hold megabytes
AT_ONCE = 64  # of them taken before any other work goes on
STARTS_WITHIN = 10  # seconds
KEPT_ALIVE = 75  # seconds; longer than the proxies in front, so that they close first


def bind_socket(host: str, port: int) -> socket.socket:
    """The socket to serve on; a ClickException that says what to do when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for each in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # those of its connections are as its own
        listening.setsockopt(socket.SOL_SOCKET, each, BUFFER)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        problem = f"Cannot listen on {host} port {port}: {error.strerror or error}."
        raise click.ClickException(f"{problem} Choose another with PORT, or MLCOMPARE_HOST.") from error
    return listening


def listening_address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve_site(
    site: ASGIApp, listening: socket.socket, refusals: RefusalLog | None = None, limits: "Limits | None" = None
) -> Callable[[float], None]:
    """Serves until what is returned is called: with the seconds to wait for what is under way."""
    import uvicorn

    from bot.server.connections import GuardedConnection, Limits, OpenConnections

    refusal_log = refusals or RefusalLog()
    connections = OpenConnections(_possible(limits or Limits()), refusal_log.note)
    config = uvicorn.Config(
        site,
        http=cast("type[asyncio.Protocol]", partial(GuardedConnection, connections)),
        log_config=None,
        log_level="error",  # what strangers send wrong is counted, not told one by one
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing depends on who calls: Slack signs
        lifespan="off",
        ws="none",
        backlog=AT_ONCE,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEPT_ALIVE,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        asyncio.get_running_loop().set_exception_handler(partial(_note, refusal_log))
        await server.serve([listening])

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="web", daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    # asyncio takes as many connections in one go as it tells the system to keep waiting, and each costs a descriptor
    # before it can be counted; so it was told few, and the system is told now.
    listening.listen(BACKLOG)

    def stop(seconds: float) -> None:
        server.should_exit = True
        thread.join(seconds)

    return stop


def _possible(limits: "Limits") -> "Limits":
    """The limits, with fewer connections where the system gives this process few descriptors."""
    try:
        import resource
    except ImportError:  # not on Windows, where there is no such limit
        return limits
    descriptors, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=max(1, min(limits.connections, descriptors // 3)))


def _note(refusals: RefusalLog, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What went wrong with a connection, and with none of its requests: counted, since anybody can cause it."""
    if refusals.note("failed connections"):
        log.error("a connection failed: %s", context.get("message"), exc_info=context.get("exception"))


# `mlcompare notify`: tells channels of runs that end, and nothing else; any number of them beside `serve`.


_SAID_AFTER = 120.0  # seconds between two lines on why it does not work


@click.command()
def notify() -> None:
    """Only send notifications (no commands): any number of these may run beside `mlcompare serve`.

    They share the work where DATABASE_URL is PostgreSQL; on a file one works and the others stand by. Needs
    SLACK_BOT_TOKEN (or what several workspaces need) and MLFLOW_TRACKING_URI, listens on no port but that of
    MLCOMPARE_METRICS, and ends well on SIGTERM.
    """
    try:
        settings = read(unspoken)
    except SettingsError as error:
        raise click.ClickException(f"{error}\n`mlcompare check` tests each of them.") from error
    configure(settings.log_level, settings.secrets, settings.log_format)
    ending = StopRequest()
    watch_signals(ending)
    bot = build(settings)
    serve_metrics(bot)
    _start(bot)
    log.info("notifying", extra={"poll_s": settings.poll_seconds})
    _watch(bot, ending)
    log.info("stopping; finishing what is under way", extra={"deadline_s": settings.drain_seconds})
    bot.notifier.stop(settings.drain_seconds)
    for probe in bot.probes:
        probe.stop()
    bot.engine.dispose()
    bot.traces.close()
    log.info("stopped")
    logging.shutdown()
    os._exit(ending.code)  # whatever thread still hangs


def _start(bot: Bot) -> None:
    database, *others = bot.probes
    database.ask()  # which brings it up to date
    for probe in (database, *others):
        probe.start()
    bot.notifier.start()


def _watch(bot: Bot, ending: StopRequest) -> None:
    """Waits for the end. Where nothing else can be asked how it does, the log says."""
    logged, logged_at = "", 0.0
    while not ending.event.wait(1):
        problem = "" if bot.notifier.is_standby else bot.notifier.problem
        if problem and problem != logged and time.monotonic() - logged_at > _SAID_AFTER:
            log.warning("channels are not told of runs: %s", problem)
            logged_at = time.monotonic()
        logged = problem
