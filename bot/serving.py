"""`mlcompare serve`: the bot as a process, from its settings to the end of its last work."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

import click

from bot.app import Bot, build
from bot.listening import address, listen, serve_site
from bot.logs import configure
from bot.refusals import Refusals
from bot.settings import Settings, SettingsError, read
from bot.signing import Signatures
from bot.slack import web_client
from bot.socket_mode import SocketMode
from bot.web import Door, site

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

DISPATCHERS = 64  # requests that may wait for their acknowledgement at once


@dataclass
class Ending:
    """Why and how the process ends."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int = 0

    def ask(self, code: int = 0) -> None:
        self.code = self.code or code
        self.event.set()


class Served:
    """A bot that runs: started in order, ended in the reverse."""

    def __init__(self, bot: Bot, listening: socket.socket, ending: Ending) -> None:
        self._bot = bot
        self._listening = listening
        self._ending = ending
        self._socket_mode = self._connection() if bot.settings.socket_mode else None
        self._stop_web: Callable[[float], None] = lambda _seconds: None

    def start(self) -> None:
        database, *others = self._bot.probes
        database.ask()  # before the first request, so that it is claimed where all replicas see it
        for probe in (database, *others):
            probe.start()
        self._bot.recovery.start()
        if self._bot.settings.notifies:
            self._bot.notifier.start()
        refusals = Refusals()
        self._stop_web = serve_site(site(self._door(refusals), self.reasons), self._listening, refusals)
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
        return left

    def reasons(self) -> dict[str, str]:
        """Each thing the bot needs, and why it is not ready."""
        found = {probe.name: probe.problem for probe in self._bot.probes}
        if self._socket_mode:
            found["socket mode"] = self._socket_mode.problem
        found["notifier"] = "" if self._bot.notifier.is_standby else self._bot.notifier.problem
        found["queue"] = "full" if self._bot.pool.is_full else ""
        found["process"] = "stopping" if self._ending.event.is_set() else ""
        return found

    def _connection(self) -> SocketMode:
        settings = self._bot.settings
        client = web_client(settings, settings.slack_app_token.get_secret_value())
        return SocketMode(self._bot.app, client, patience=settings.socket_patience, give_up=lambda: self._ending.ask(1))

    def _door(self, refusals: Refusals) -> Door | None:
        if self._socket_mode:
            return None
        return Door(
            app=self._bot.app,
            signatures=Signatures(self._bot.settings.slack_signing_secret.get_secret_value(), time.time),
            dispatchers=ThreadPoolExecutor(DISPATCHERS, thread_name_prefix="dispatch"),
            new_incident=self._bot.services.new_incident,
            refusals=refusals,
        )


def watch_signals(ending: Ending) -> None:
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
    configure(settings.log_level, settings.secrets)
    sys.setswitchinterval(0.0005)  # acknowledgements wait less behind busy workers
    listening = listen(settings.listens_on, settings.port)
    ending = Ending()
    watch_signals(ending)
    served = Served(build(settings), listening, ending)
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


def _announce(settings: Settings, listening: socket.socket) -> None:
    mode = "Socket Mode" if settings.socket_mode else "HTTP at /slack/events"
    log.info("serving", extra={"mode": mode, "address": address(listening), "command": settings.command})
